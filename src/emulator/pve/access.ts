import { failed } from "./refusal.ts";
import { builtInRoles } from "./roles.ts";
import type { AccessSpec, PveSpec, TokenSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

export type User = AccessSpec["users"][number];
export type UserToken = User["tokens"][number];

/** Users, roles and lists with all that PVE has by itself, and with the users of the tokens that the world names. */
export function completeAccess(spec: PveSpec): AccessSpec {
  const given = spec.access ?? { users: [], roles: [], acl: [] };
  const users = [...given.users];
  for (const userid of ["root@pam", ...spec.tokens.map(({ id }) => userOf(id))]) {
    if (!users.some((user) => user.userid === userid))
      users.push({ userid, enable: 1, tokens: tokensOf(spec, userid) });
  }
  const own = builtInRoles(spec.generation).filter(({ roleid }) => !given.roles.some((role) => role.roleid === roleid));
  return { users, roles: [...given.roles, ...own], acl: [...given.acl] };
}

const userOf = (tokenId: string): string => tokenId.split("!")[0] ?? "";

const tokensOf = (spec: PveSpec, userid: string): UserToken[] =>
  spec.tokens
    .filter(({ id }) => userOf(id) === userid)
    .map(({ id }) => ({ tokenid: id.slice(userid.length + 1), privsep: 1 }));

export function accessOf(state: PveState): AccessSpec {
  if (state.spec.access === null) throw failed("no access control is kept");
  return state.spec.access;
}

export function needUser(state: PveState, userid: string): User {
  const user = accessOf(state).users.find((one) => one.userid === userid);
  if (user === undefined) throw failed(`no such user ('${userid}')`);
  return user;
}

export function needToken(state: PveState, userid: string, tokenid: string): UserToken {
  const token = needUser(state, userid).tokens.find((one) => one.tokenid === tokenid);
  if (token === undefined) throw failed(`no such token '${tokenid}' for user '${userid}'`);
  return token;
}

/** Whether a user, or a token with its user, is enabled and has not expired. */
export function isUsable(state: PveState, id: string): boolean {
  const [userid = "", tokenid] = id.split("!", 2);
  const user = accessOf(state).users.find((one) => one.userid === userid);
  if (user === undefined || user.enable === 0) return false;
  const token = user.tokens.find((one) => one.tokenid === tokenid);
  return [user.expire, token?.expire].every((end) => end === undefined || end === 0 || end * 1000 > state.time.now());
}

/** Forgets a token's secret and what was granted to it. */
export function dropToken(state: PveState, id: string): void {
  const { tokens } = state.spec;
  const at = tokens.findIndex((token) => token.id === id);
  if (at >= 0) tokens.splice(at, 1);
  dropGrants(state, (entry) => entry.type === "token" && entry.ugid === id);
}

export function dropGrants(state: PveState, gone: (entry: AccessSpec["acl"][number]) => boolean): void {
  const access = accessOf(state);
  access.acl = access.acl.filter((entry) => !gone(entry));
}

/** A token that its lists say everything about. */
export const listedToken = (id: string, secret: string): TokenSpec => ({
  id,
  secret,
  privileges: "acl",
  confined: false,
  deletesVolumes: true,
});
