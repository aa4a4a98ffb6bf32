import { accessOf, dropGrants } from "./access.ts";
import { aFlag, aText, maybe } from "./formats.ts";
import type { Parameter } from "./parameters.ts";
import { allowed, demand } from "./permissions.ts";
import { badParameters, failed } from "./refusal.ts";
import type { Call, Route } from "./router.ts";
import type { AccessSpec } from "./spec.ts";

type Entry = AccessSpec["acl"][number];

const aList: Parameter = { type: "string", list: true };

export const aclCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/access/acl",
    call: "acl",
    answer: ({ state, token }) => ({
      data: accessOf(state).acl.filter(({ path }) => allowed(state, token, path, "Permissions.Modify")),
    }),
  },
  {
    method: "PUT",
    path: "/access/acl",
    call: "acl.update",
    parameters: {
      path: aText,
      roles: aList,
      delete: maybe(aFlag),
      groups: maybe(aList),
      propagate: maybe(aFlag),
      tokens: maybe(aList),
      users: maybe(aList),
    },
    answer: (call) => {
      for (const entry of wishedIn(call)) {
        dropGrants(call.state, (now) => isSame(now, entry));
        if (!call.values.flag("delete")) accessOf(call.state).acl.push(entry);
      }
      return { data: null };
    },
  },
];

function wishedIn({ state, token, values }: Call): readonly Entry[] {
  const path = normalised(values.text("path") ?? "");
  if (path === null) throw badParameters({ path: `invalid ACL path '${values.text("path")}'` });
  demand(state, token, path, ...modifies(path));
  const needed = "either 'users', 'groups' or 'tokens' is required.";
  const whose = (["user", "group", "token"] as const).map((type) => [type, wordsIn(values.text(`${type}s`))] as const);
  if (whose.every(([, words]) => words.length === 0)) {
    throw badParameters({ users: needed, groups: needed, tokens: needed });
  }
  const { roles, users } = accessOf(state);
  const wanted = wordsIn(values.text("roles"));
  const refuse = (what: string): never => {
    throw failed(`ACL update failed: ${what}`);
  };
  for (const role of wanted) if (!roles.some(({ roleid }) => roleid === role)) refuse(`role '${role}' does not exist`);
  const exists = {
    user: (id: string) => users.some(({ userid }) => userid === id) || refuse(`user '${id}' does not exist`),
    group: (id: string) => refuse(`group '${id}' does not exist`),
    token: (id: string) => {
      const [userid = "", name = ""] = id.split("!", 2);
      const user = users.find((one) => one.userid === userid) ?? refuse(`no such user ('${userid}')`);
      return (
        user.tokens.some(({ tokenid }) => tokenid === name) || refuse(`no such token '${name}' for user '${userid}'`)
      );
    },
  };
  const propagate = values.get("propagate") === 0 ? 0 : 1;
  return whose.flatMap(([type, ids]) =>
    ids.flatMap((ugid) => {
      // What no longer exists may still be taken off the list.
      if (!values.flag("delete")) exists[type](ugid);
      return wanted.map((roleid): Entry => ({ path, type, ugid, roleid, propagate }));
    }),
  );
}

const isSame = (a: Entry, b: Entry): boolean =>
  a.path === b.path && a.type === b.type && a.ugid === b.ugid && a.roleid === b.roleid;

/** Who allocates a thing may pass it on. */
function modifies(path: string): readonly string[] {
  const own = { vms: "VM.Allocate", storage: "Datastore.Allocate", pool: "Pool.Allocate" }[path.split("/")[1] ?? ""];
  return own === undefined ? ["Permissions.Modify"] : [own, "Permissions.Modify"];
}

const known =
  /^\/(|access(\/groups(\/[^/]+)?|\/realm(\/[^/]+)?)?|nodes(\/[\w-]+)?|pool(\/[\w.-]+){0,3}|sdn(\/zones(\/[\w-]+){0,3})?|storage(\/[\w.-]+)?|vms(\/[1-9]\d{2,})?|mapping(\/\w+(\/[^/]+)?)?)$/;

function normalised(path: string): string | null {
  const plain = `/${path
    .split("/")
    .filter((word) => word !== "")
    .join("/")}`;
  return known.test(plain) ? plain : null;
}

const wordsIn = (text: string | undefined): readonly string[] => (text ?? "").split(/[,;\s]+/).filter((w) => w !== "");
