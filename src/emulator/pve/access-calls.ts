import { knownPaths } from "./acl.ts";
import { aText, maybe } from "./formats.ts";
import { listedGrants, privilegesOn } from "./permissions.ts";
import { Refusal } from "./refusal.ts";
import { privilegesOfPve } from "./roles.ts";
import type { Call, Route } from "./router.ts";
import type { TokenSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

export const accessCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/access/permissions",
    call: "permissions",
    parameters: { path: maybe(aText), userid: maybe(aText) },
    answer: ({ state, token, values }: Call) => {
      const userid = values.text("userid");
      if (userid !== undefined && userid !== token.id) {
        throw new Refusal(403, "Permission check failed (/access, Sys.Audit)");
      }
      const asked = values.text("path");
      if (token.privileges === "acl") return { data: listed(state, token, asked) };
      const paths = asked === undefined ? pathsOf(state, token) : [asked];
      return { data: Object.fromEntries(paths.map((path) => [path, flags(state, token, path)])) };
    },
  },
];

/** A path that gives nothing is only shown to who asked for it. */
function listed(state: PveState, token: TokenSpec, asked: string | undefined): Record<string, Record<string, 0 | 1>> {
  const paths = asked === undefined ? (state.spec.access === null ? [] : knownPaths(state.spec.access)) : [asked];
  return Object.fromEntries(
    paths
      .map((path) => [path, Object.fromEntries(listedGrants(state, token, path))] as const)
      .filter(([, grants]) => asked !== undefined || Object.keys(grants).length > 0),
  );
}

const pathsOf = (state: PveState, token: TokenSpec): readonly string[] =>
  token.privileges === "all"
    ? ["/", "/access", "/nodes", "/pool", "/sdn", "/storage", ...storagePaths(state), "/vms"]
    : token.privileges === "acl"
      ? []
      : token.privileges.map(({ path }) => path);

const storagePaths = (state: PveState): readonly string[] => state.spec.storages.map(({ name }) => `/storage/${name}`);

/** A key says that the privilege is granted; its value, whether it reaches further down. */
function flags(state: PveState, token: TokenSpec, path: string): Record<string, 0 | 1> {
  const granted = privilegesOn(state, token, path);
  const names = granted === "all" ? privilegesOfPve(state.spec.generation) : [...granted];
  const spared = token.deletesVolumes || !path.startsWith("/storage") ? null : "Datastore.Allocate";
  return Object.fromEntries(names.filter((name) => name !== spared).map((name) => [name, 1 as const]));
}
