import { dropToken, listedToken, needToken, needUser, type UserToken } from "./access.ts";
import { aCount, aFlag, aText, maybe } from "./formats.ts";
import type { Parameters, Values } from "./parameters.ts";
import { demand } from "./permissions.ts";
import { badParameters } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { newUuid, type PveState } from "./state.ts";
import { userId } from "./user-calls.ts";

const one = "/access/users/{userid}/token/{tokenid}";
const names = {
  userid: userId,
  tokenid: { type: "string", pattern: /^[A-Za-z][A-Za-z0-9._-]+$/ },
} as const satisfies Parameters;
const details = { comment: maybe(aText), expire: maybe(aCount), privsep: maybe(aFlag) };

export const tokenCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/access/users/{userid}/token",
    call: "tokens",
    parameters: { userid: userId },
    answer: (call) => {
      demandSelf(call);
      return { data: needUser(call.state, call.values.text("userid") ?? "").tokens.map(told) };
    },
  },
  {
    method: "GET",
    path: one,
    call: "token",
    parameters: names,
    answer: (call) => {
      demandSelf(call);
      const { tokenid: _id, ...token } = told(asked(call));
      return { data: token };
    },
  },
  { method: "POST", path: one, call: "token.create", parameters: { ...names, ...details }, answer: create },
  {
    method: "PUT",
    path: one,
    call: "token.update",
    parameters: {
      ...names,
      ...details,
      delete: { type: "string", list: true, optional: true, only: "9.2" },
      regenerate: { ...maybe(aFlag), only: "9.2" },
    },
    answer: (call) => {
      demandSelf(call);
      const token = asked(call);
      if ((call.values.text("delete") ?? "").includes("comment")) delete token.comment;
      describe(token, call.values);
      const { tokenid, ...data } = told(token);
      if (!call.values.flag("regenerate")) return { data };
      const id = `${call.values.text("userid")}!${tokenid}`;
      const value = newUuid(call.state);
      const { tokens } = call.state.spec;
      const at = tokens.findIndex((one) => one.id === id);
      tokens.splice(at < 0 ? tokens.length : at, 1, listedToken(id, value));
      return { data: { ...data, "full-tokenid": id, value } };
    },
  },
  {
    method: "DELETE",
    path: one,
    call: "token.delete",
    parameters: names,
    answer: (call) => {
      demandSelf(call);
      const token = asked(call);
      const user = needUser(call.state, call.values.text("userid") ?? "");
      user.tokens.splice(user.tokens.indexOf(token), 1);
      dropToken(call.state, `${user.userid}!${token.tokenid}`);
      return { data: null };
    },
  },
];

/** The secret is shown this once. */
function create(call: Call): Answer {
  demandSelf(call);
  const { state, values } = call;
  const user = needUser(state, values.text("userid") ?? "");
  const tokenid = values.text("tokenid") ?? "";
  if (user.tokens.some((token) => token.tokenid === tokenid)) throw badParameters({ tokenid: "Token already exists." });
  const token: UserToken = { tokenid, privsep: 1, expire: 0 };
  describe(token, values);
  user.tokens.push(token);
  const id = `${user.userid}!${tokenid}`;
  const value = newUuid(state);
  state.spec.tokens.push(listedToken(id, value));
  const { tokenid: _id, ...info } = told(token);
  // Here PVE spells its numbers as texts.
  const spelled = Object.fromEntries(Object.entries(info).map(([name, of]) => [name, String(of)]));
  return { data: { "full-tokenid": id, value, info: spelled } };
}

/** One's own tokens are one's own affair. */
function demandSelf({ state, token, values }: Call): void {
  if (token.id.split("!")[0] !== values.text("userid")) demand(state, token, "/access/groups", "User.Modify");
}

const asked = ({ state, values }: { state: PveState; values: Values }): UserToken =>
  needToken(state, values.text("userid") ?? "", values.text("tokenid") ?? "");

function describe(token: UserToken, values: Values): void {
  const [comment, expire, privsep] = [values.text("comment"), values.number("expire"), values.number("privsep")];
  if (comment !== undefined) token.comment = comment;
  if (expire !== undefined) token.expire = expire;
  if (privsep !== undefined) token.privsep = privsep === 1 ? 1 : 0;
}

const told = (token: UserToken): UserToken => ({ expire: 0, ...token });
