import { accessOf, dropGrants } from "./access.ts";
import { aFlag, maybe } from "./formats.ts";
import type { Parameter, Values } from "./parameters.ts";
import { badParameters, failed } from "./refusal.ts";
import { isBuiltIn, privilegesOfPve } from "./roles.ts";
import type { Call, Need, Route } from "./router.ts";
import type { AccessSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

export const roleId = {
  type: "string",
  format: (text: string) =>
    /^[A-Za-z0-9.\-_]+$/.test(text) ? null : `role name '${text}' contains invalid characters`,
} as const satisfies Parameter;

const aPrivilegeList: Parameter = { type: "string", list: true };
const toModify: Need = () => ["/access", "Sys.Modify"];

export const roleCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/access/roles",
    call: "roles",
    answer: ({ state }) => ({
      data: accessOf(state).roles.map((role) => ({ ...role, special: isBuiltIn(role.roleid) ? 1 : 0 })),
    }),
  },
  {
    method: "POST",
    path: "/access/roles",
    call: "role.create",
    parameters: { roleid: roleId, privs: maybe(aPrivilegeList) },
    needs: toModify,
    answer: ({ state, values }) => {
      const roleid = values.text("roleid") ?? "";
      if (/^PVE/i.test(roleid)) {
        throw badParameters({ roleid: "cannot use role ID starting with the (case-insensitive) 'PVE' namespace" });
      }
      const { roles } = accessOf(state);
      if (roles.some((role) => role.roleid === roleid)) {
        throw failed(`create role failed: role '${roleid}' already exists`);
      }
      roles.push({ roleid, privs: privilegesIn(state, values, "create role") });
      return { data: null };
    },
  },
  {
    method: "GET",
    path: "/access/roles/{roleid}",
    call: "role",
    parameters: { roleid: roleId },
    answer: (call) => {
      const { privs } = needRole(call, "");
      return { data: Object.fromEntries(wordsIn(privs).map((privilege) => [privilege, 1])) };
    },
  },
  {
    method: "PUT",
    path: "/access/roles/{roleid}",
    call: "role.update",
    parameters: { roleid: roleId, privs: maybe(aPrivilegeList), append: maybe(aFlag) },
    needs: toModify,
    answer: (call) => {
      const { state, values } = call;
      const role = ownRole(call, "modified", "update role failed: ");
      const given = privilegesIn(state, values, "update role");
      role.privs = values.flag("append") ? spelled([...wordsIn(role.privs), ...wordsIn(given)]) : given;
      return { data: null };
    },
  },
  {
    method: "DELETE",
    path: "/access/roles/{roleid}",
    call: "role.delete",
    parameters: { roleid: roleId },
    needs: toModify,
    answer: (call) => {
      const role = ownRole(call, "deleted", "delete role failed: ");
      const { roles } = accessOf(call.state);
      roles.splice(roles.indexOf(role), 1);
      dropGrants(call.state, (entry) => entry.roleid === role.roleid);
      return { data: null };
    },
  },
];

type Role = AccessSpec["roles"][number];

function needRole({ state, values }: Call, doing: string): Role {
  const roleid = values.text("roleid") ?? "";
  const role = accessOf(state).roles.find((one) => one.roleid === roleid);
  if (role === undefined) throw failed(`${doing}role '${roleid}' does not exist`);
  return role;
}

function ownRole(call: Call, done: string, doing: string): Role {
  const role = needRole(call, doing);
  if (isBuiltIn(role.roleid)) throw failed(`auto-generated role '${role.roleid}' cannot be ${done}`);
  return role;
}

function privilegesIn(state: PveState, values: Values, doing: string): string {
  const words = wordsIn(values.text("privs") ?? "");
  const known = privilegesOfPve(state.spec.generation);
  const wrong = words.find((word) => !known.includes(word));
  if (wrong !== undefined) throw failed(`${doing} failed: invalid privilege '${wrong}'`);
  return spelled(words);
}

const wordsIn = (text: string): readonly string[] => text.split(/[,;\s]+/).filter((word) => word !== "");
const spelled = (words: readonly string[]): string => [...new Set(words)].sort().join(",");
