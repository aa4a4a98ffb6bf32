import { type Extras, type Generation, privilegesOf, roleNeeds, type Target } from "./roles.ts";

/** One thing that PVE must have so that dispatcher's token can do its work, and nothing more. */
export type Piece =
  | { readonly kind: "storage"; readonly id: string; readonly path: string }
  | { readonly kind: "pool"; readonly id: string }
  | { readonly kind: "role"; readonly id: string; readonly privileges: readonly string[] }
  | { readonly kind: "user"; readonly id: string }
  | {
      readonly kind: "acl";
      readonly path: string;
      readonly role: string;
      readonly type: "user" | "token";
      readonly id: string;
      readonly propagate: boolean;
    }
  | { readonly kind: "token"; readonly user: string; readonly name: string; readonly privsep: boolean };

export interface SetupOptions {
  readonly generation: Generation;
  readonly extras: Extras;
  readonly pool: string;
  readonly seeds: string;
  readonly seedsPath: string;
  readonly templates: readonly string[];
  readonly storages: readonly string[];
  readonly nodes: readonly string[];
  /** `vmbr0`, or `vmbr0/20` with a VLAN tag. */
  readonly bridges: readonly string[];
  readonly user: string;
  readonly token: string;
  readonly privsep: boolean;
}

/** Marks what was made here: only that is ever removed again. */
export const madeHere = "made by dispatcher proxmox-setup";

/** In the order in which they can be made. */
export function piecesOf(options: SetupOptions): readonly Piece[] {
  const { generation, extras, user, token, privsep } = options;
  const roles = roleNeeds.map((need): Piece => {
    return { kind: "role", id: need.role, privileges: privilegesOf(need, generation, extras) };
  });
  const grants = roleNeeds.flatMap(({ role, target }) =>
    pathsOf(target, options).map((path) => ({ kind: "acl", path, role, propagate: target === "pool" }) as const),
  );
  return [
    // Before the storage, which has no mark of its own, and after it when all is taken away: it shows who made both.
    { kind: "pool", id: options.pool },
    { kind: "storage", id: options.seeds, path: options.seedsPath },
    ...roles,
    { kind: "user", id: user },
    ...grants.map((grant): Piece => ({ ...grant, type: "user", id: user })),
    { kind: "token", user, name: token, privsep },
    // A separated token has what both its user and itself were granted.
    ...(privsep ? grants.map((grant): Piece => ({ ...grant, type: "token", id: `${user}!${token}` })) : []),
  ];
}

export function spellPiece(piece: Piece): string {
  if (piece.kind === "acl") return `acl ${piece.path} ${piece.role} ${piece.type} ${piece.id}`;
  return piece.kind === "token" ? `token ${piece.user}!${piece.name}` : `${piece.kind} ${piece.id}`;
}

function pathsOf(target: Target, options: SetupOptions): readonly string[] {
  const paths = {
    template: options.templates.map((vmid) => `/vms/${vmid}`),
    pool: [`/pool/${options.pool}`],
    disks: options.storages.map((storage) => `/storage/${storage}`),
    seeds: [`/storage/${options.seeds}`],
    node: options.nodes.map((node) => `/nodes/${node}`),
    bridge: options.bridges.map((bridge) => `/sdn/zones/localnetwork/${bridge}`),
  } satisfies Record<Target, readonly string[]>;
  return paths[target];
}
