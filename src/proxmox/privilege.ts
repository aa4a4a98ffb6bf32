/** What PVE's access control asked for and did not find. */
export interface MissingPrivilege {
  readonly path: string;
  /** Any one of them is enough. */
  readonly privileges: readonly string[];
}

/** As PVE words it, in an answer, an exit status or a task's log. Null where it keeps path and privilege to itself. */
export function missingPrivilegeIn(text: string): MissingPrivilege | null {
  const [, path, privileges] = /Permission check failed \((\/[^,\s)]*), ([\w.|]+)\)/.exec(text) ?? [];
  if (path === undefined || privileges === undefined) return null;
  return { path, privileges: privileges.split("|") };
}

/** How to mend a 403. */
export function remedyForPrivilege(call: { readonly method: string; readonly path: string }, sentence: string): string {
  const missing = missingPrivilegeIn(sentence);
  if (missing !== null) return grantOf(missing);
  if (sentence.includes("root@pam")) return "leave the option out: a token cannot set it, whatever its privileges";
  if (sentence.includes("proper ticket")) return "log in with a password: no token can do this";
  const pool = /\(pool '([^']*)' does not exist\)/.exec(sentence)?.[1];
  if (pool !== undefined) return `make the resource pool ${pool}, or name one that exists`;
  const known = unsaid.find(({ method, path }) => method === call.method && path.test(call.path));
  return `grant ${known?.grant ?? "the privileges that this call needs"} ${toWhom}`;
}

/** How to mend a task that failed for a privilege; null when it failed for something else. */
export function remedyForTask(exitStatus: string, log: readonly string[]): string | null {
  const missing = [exitStatus, ...log.toReversed()].map(missingPrivilegeIn).find((found) => found !== null);
  if (missing !== undefined) return grantOf(missing);
  return /\b403 Permission check failed\b/.test(exitStatus)
    ? `grant the privileges that this task needs ${toWhom}`
    : null;
}

const toWhom = "to the token (and to its user)";

const grantOf = ({ path, privileges }: MissingPrivilege): string =>
  `grant ${privileges.join(" or ")} on ${path} ${toWhom}`;

/** Calls whose check PVE does not tell. */
const unsaid: readonly { readonly method: string; readonly path: RegExp; readonly grant: string }[] = [
  {
    method: "POST",
    path: /\/clone$/,
    grant: "VM.Allocate on the resource pool, or on the new guest's /vms path,",
  },
  {
    method: "POST",
    path: /^\/nodes\/[^/]+\/(qemu|lxc)$/,
    grant: "VM.Allocate on the resource pool, or on the new guest's /vms path,",
  },
  {
    method: "POST",
    path: /\/download-url$/,
    grant: "Datastore.AllocateTemplate on the storage and Sys.AccessNetwork on the node",
  },
];
