export interface User {
  readonly name: string;
  readonly uid: number;
  readonly home: string;
}

/** Who may log in, in the guest. */
export interface Users {
  /** By name or by number. */
  find(who: string): User | null;
  add(name: string): User;
  all(): readonly User[];
}

export function createUsers(names: readonly string[]): Users {
  const users = new Map<string, User>([["root", { name: "root", uid: 0, home: "/root" }]]);

  function add(name: string): User {
    const known = users.get(name);
    if (known !== undefined) return known;
    const made = { name, uid: 1_000 + users.size, home: `/home/${name}` };
    users.set(name, made);
    return made;
  }

  for (const name of names) add(name);
  return {
    add,
    all: () => [...users.values()],
    find: (who) => users.get(who) ?? [...users.values()].find((user) => String(user.uid) === who) ?? null,
  };
}
