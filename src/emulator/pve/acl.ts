import type { PveSpec, TokenSpec } from "./spec.ts";

/** A privilege and whether it reaches further down than the path that was asked. */
export type Grants = ReadonlyMap<string, 0 | 1>;

type Access = NonNullable<PveSpec["access"]>;

/** What users, roles and access control lists give a token on a path: without separation, all that its user has. */
export function grantsOf(access: Access, token: TokenSpec, path: string, pool: string | null): Grants {
  const [userid = "", tokenid] = token.id.split("!", 2);
  const user = access.users.find((u) => u.userid === userid);
  if (user === undefined || user.enable === 0) return new Map();
  // A ticket is its user.
  const separate = tokenid !== undefined && user.tokens.find((t) => t.tokenid === tokenid)?.privsep !== 0;
  const own = userid === "root@pam" ? null : entityGrants(access, "user", userid, path, pool);
  if (!separate) return own ?? everything(access);
  const granted = entityGrants(access, "token", token.id, path, pool);
  if (own === null) return granted;
  return new Map([...granted].filter(([privilege]) => own.has(privilege)));
}

export const everything = (access: Access): Grants =>
  new Map(privilegesIn(access, "Administrator").map((privilege) => [privilege, 1]));

/** Every path that some list names, and those that PVE always looks at. */
export const knownPaths = (access: Access): readonly string[] => [
  ...new Set([
    ...["/", "/access", "/access/groups", "/nodes", "/pool", "/sdn", "/storage", "/vms"],
    ...access.acl.map(({ path }) => path),
  ]),
];

type Kind = "user" | "token";

function entityGrants(access: Access, kind: Kind, ugid: string, path: string, pool: string | null): Grants {
  const direct = nearest(access, kind, ugid, path);
  if (pool === null) return direct;
  // What is granted on a resource pool is added on its guests, and reaches no further.
  const both = new Map(direct);
  for (const [privilege] of nearest(access, kind, ugid, `/pool/${pool}`))
    if (!both.has(privilege)) both.set(privilege, 0);
  return both;
}

/** Roles on a deeper path replace those that come from above. */
function nearest(access: Access, kind: Kind, ugid: string, path: string): Grants {
  let granted: Grants = new Map();
  for (const at of above(path)) {
    const entries = access.acl.filter(
      (e) => e.type === kind && e.ugid === ugid && e.path === at && (at === path || e.propagate === 1),
    );
    if (entries.length === 0) continue;
    const found = new Map<string, 0 | 1>();
    for (const { roleid, propagate } of entries) {
      for (const privilege of privilegesIn(access, roleid)) found.set(privilege, propagate);
    }
    granted = entries.some(({ roleid }) => roleid === "NoAccess") ? new Map() : found;
  }
  return granted;
}

function above(path: string): readonly string[] {
  const words = path.split("/").filter((word) => word !== "");
  return ["/", ...words.map((_, at) => `/${words.slice(0, at + 1).join("/")}`)];
}

const privilegesIn = (access: Access, roleid: string): readonly string[] =>
  (access.roles.find((role) => role.roleid === roleid)?.privs ?? "").split(/[,;\s]+/).filter((p) => p !== "");
