import { accessOf, dropGrants, dropToken, needUser, type User } from "./access.ts";
import { aCount, aFlag, aText, maybe } from "./formats.ts";
import type { Parameter, Parameters, Values } from "./parameters.ts";
import { allowed, demand } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Call, Route } from "./router.ts";

export const userId = {
  type: "string",
  maxLength: 64,
  format: (text: string) =>
    /^[^\s:/]+@[A-Za-z][A-Za-z0-9._-]+$/.test(text) ? null : `value '${text}' does not look like a valid user name`,
} as const satisfies Parameter;

const details = {
  comment: maybe({ type: "string", maxLength: 2048 }),
  email: maybe({ type: "string", maxLength: 254 }),
  enable: maybe(aFlag),
  expire: maybe(aCount),
  firstname: maybe({ type: "string", maxLength: 1024 }),
  groups: maybe(aText),
  keys: maybe({ type: "string", pattern: /^[0-9a-zA-Z!=]{0,4096}$/ }),
  lastname: maybe({ type: "string", maxLength: 1024 }),
} as const satisfies Parameters;

const one = "/access/users/{userid}";

export const userCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/access/users",
    call: "users",
    parameters: { enabled: maybe(aFlag), full: maybe(aFlag) },
    answer: ({ state, token, values }) => {
      const self = token.id.split("!")[0];
      const sees = allowed(state, token, "/access/groups", "User.Modify", "Sys.Audit");
      const users = accessOf(state)
        .users.filter(({ userid }) => sees || userid === self)
        .filter(({ enable }) => values.get("enabled") === undefined || enable === values.number("enabled"));
      return { data: users.map((user) => listedUser(user, values.flag("full"))) };
    },
  },
  {
    method: "POST",
    path: "/access/users",
    call: "user.create",
    parameters: {
      userid: userId,
      ...details,
      password: maybe({ type: "string", minLength: 8, maxLength: 64 }),
    },
    answer: (call) => {
      const { state, token, values } = call;
      const userid = values.text("userid") ?? "";
      const realm = userid.slice(userid.lastIndexOf("@") + 1);
      demand(state, token, `/access/realm/${realm}`, "Realm.AllocateUser");
      demand(state, token, "/access/groups", "User.Modify");
      const { users } = accessOf(state);
      if (!["pam", "pve"].includes(realm)) throw failed(`create user failed: domain '${realm}' does not exist`);
      if (users.some((user) => user.userid === userid)) {
        throw failed(`create user failed: user '${userid}' already exists`);
      }
      const user: User = { userid, enable: 1, expire: 0, tokens: [] };
      describe(user, values);
      const password = values.text("password");
      if (password !== undefined) user.password = password;
      users.push(user);
      return { data: null };
    },
  },
  {
    method: "GET",
    path: one,
    call: "user",
    needs: () => ["/access/groups", "User.Modify", "Sys.Audit"],
    parameters: { userid: userId },
    answer: ({ state, values }) => {
      const { userid: _id, ...user } = listedUser(needUser(state, values.text("userid") ?? ""), false);
      const tokens = needUser(state, values.text("userid") ?? "").tokens;
      const named = tokens.map(({ tokenid, ...rest }) => [tokenid, { expire: 0, ...rest }] as const);
      return { data: { ...user, groups: [], tokens: Object.fromEntries(named) } };
    },
  },
  {
    method: "PUT",
    path: one,
    call: "user.update",
    parameters: { userid: userId, ...details, append: maybe(aFlag) },
    needs: () => ["/access/groups", "User.Modify"],
    answer: ({ state, values }) => {
      const user = knownUser(state, values.text("userid") ?? "", "update user");
      describe(user, values);
      return { data: null };
    },
  },
  {
    method: "DELETE",
    path: one,
    call: "user.delete",
    parameters: { userid: userId },
    answer: (call) => {
      const { state, values } = call;
      const userid = values.text("userid") ?? "";
      demandOnUser(call, userid);
      const user = knownUser(state, userid, "delete user");
      for (const { tokenid } of user.tokens) dropToken(state, `${userid}!${tokenid}`);
      dropGrants(state, (entry) => entry.type === "user" && entry.ugid === userid);
      const { users } = accessOf(state);
      users.splice(users.indexOf(user), 1);
      return { data: null };
    },
  },
];

/** Whoever changes a user needs its realm and its groups. */
export function demandOnUser({ state, token }: Call, userid: string): void {
  demand(state, token, `/access/realm/${userid.slice(userid.lastIndexOf("@") + 1)}`, "Realm.AllocateUser");
  demand(state, token, "/access/groups", "User.Modify");
}

function knownUser(state: Call["state"], userid: string, doing: string): User {
  const user = accessOf(state).users.find((other) => other.userid === userid);
  if (user === undefined) throw failed(`${doing} failed: no such user ('${userid}')`);
  return user;
}

function describe(user: User, values: Values): void {
  const [enable, expire] = [values.number("enable"), values.number("expire")];
  if (enable !== undefined) user.enable = enable === 1 ? 1 : 0;
  if (expire !== undefined) user.expire = expire;
  for (const name of ["comment", "email"] as const) {
    const text = values.text(name);
    if (text !== undefined) user[name] = text;
  }
}

function listedUser(user: User, full: boolean): Record<string, unknown> {
  const { password: _password, tokens, ...rest } = user;
  const realm = user.userid.slice(user.userid.lastIndexOf("@") + 1);
  const listed = { expire: 0, ...rest, "realm-type": realm };
  return full ? { ...listed, tokens: tokens.map((token) => ({ expire: 0, ...token })) } : listed;
}
