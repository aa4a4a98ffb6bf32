import { SECOND } from "../../domain/time.ts";
import { accessOf, isUsable, listedToken, needUser } from "./access.ts";
import { aFlag, aText, maybe } from "./formats.ts";
import { privilegesOn } from "./permissions.ts";
import { Refusal } from "./refusal.ts";
import { privilegesOfPve } from "./roles.ts";
import type { Answer, Call, Route } from "./router.ts";
import type { PveState } from "./state.ts";
import { same } from "./tickets.ts";
import { demandOnUser, userId } from "./user-calls.ts";

export const ticketCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/access/ticket",
    call: "ticket.page",
    who: "everybody",
    answer: () => ({ data: null }),
  },
  {
    method: "POST",
    path: "/access/ticket",
    call: "ticket",
    who: "everybody",
    parameters: {
      username: { type: "string", maxLength: 64 },
      password: aText,
      realm: maybe({ type: "string", maxLength: 32 }),
      otp: maybe(aText),
      path: maybe({ type: "string", maxLength: 64 }),
      privs: maybe({ type: "string", maxLength: 64 }),
      "new-format": maybe(aFlag),
      "tfa-challenge": maybe(aText),
    },
    answer: logIn,
  },
  {
    method: "PUT",
    path: "/access/password",
    call: "password",
    who: "tickets",
    parameters: {
      userid: userId,
      password: { type: "string", minLength: 8, maxLength: 64 },
      "confirmation-password": maybe({ type: "string", minLength: 5, maxLength: 64 }),
    },
    answer: (call) => {
      const userid = call.values.text("userid") ?? "";
      if (userid !== call.token.id) demandOnUser(call, userid);
      needUser(call.state, userid).password = call.values.text("password") ?? "";
      return { data: null };
    },
  },
];

function logIn({ state, values }: Call): Answer {
  const [name, realm] = [values.text("username") ?? "", values.text("realm")];
  const userid = realm === undefined ? name : `${name}@${realm}`;
  const password = values.text("password") ?? "";
  const known = accessOf(state).users.find((user) => user.userid === userid)?.password;
  // A ticket that is still good can be exchanged for a fresh one.
  const proved = (known !== undefined && same(known, password)) || state.tickets.userOf(password) === userid;
  if (!proved || !isUsable(state, userid)) {
    throw new Refusal(401, "authentication failure", { delay: 3 * SECOND });
  }
  const { ticket, csrf } = state.tickets.issue(userid);
  return { data: { username: userid, ticket, CSRFPreventionToken: csrf, cap: capabilities(state, userid) } };
}

/** What the web page shows a person: the privileges of each area, wherever in it they are granted. */
const areas = {
  access: { at: /^\/access(\/|$)/, of: /^(User|Group|Permissions)\./ },
  dc: { at: /^\/$/, of: /^(Sys|SDN|Permissions)\./ },
  mapping: { at: /^\/mapping(\/|$)/, of: /^(Mapping|Permissions)\./ },
  nodes: { at: /^\/nodes(\/|$)/, of: /^(Sys|Permissions)\./ },
  sdn: { at: /^\/sdn(\/|$)/, of: /^(SDN|Permissions)\./ },
  storage: { at: /^\/storage(\/|$)/, of: /^(Datastore|Permissions)\./ },
  vms: { at: /^\/vms(\/|$)/, of: /^(VM|Permissions)\./ },
} as const;

function capabilities(state: PveState, userid: string): Record<string, Record<string, 1>> {
  const user = listedToken(userid, "");
  const paths = ["/", "/access", "/mapping", "/nodes", "/sdn", "/storage", "/vms"];
  const listed = accessOf(state).acl.map(({ path }) => path);
  const all = privilegesOfPve(state.spec.generation);
  return Object.fromEntries(
    Object.entries(areas).map(([area, { at, of }]) => {
      const has = new Set<string>();
      for (const path of new Set([...paths, ...listed])) {
        if (!at.test(path)) continue;
        const granted = privilegesOn(state, userid === "root@pam" ? { ...user, privileges: "all" } : user, path);
        for (const privilege of granted === "all" ? all : granted) if (of.test(privilege)) has.add(privilege);
      }
      return [area, Object.fromEntries([...has].map((privilege) => [privilege, 1 as const]))];
    }),
  );
}
