import { piecesOf } from "../../src/proxmox/setup/pieces.ts";
import { type Extras, privilegesOf, roleNeeds, type Target } from "../../src/proxmox/setup/roles.ts";
import type { Variables } from "../config/given.ts";
import { environment, type Generation, template, tokenId } from "./clinic.ts";

/** One privilege of one role, on the path where the set-up grants it. */
export interface Grant {
  readonly role: string;
  readonly path: string;
  readonly privilege: string;
  readonly need: "required" | "useful";
}

export interface Ward {
  readonly generation: Generation;
  readonly clone?: "linked" | "full";
  readonly delivery?: "iso" | "agent";
  readonly extras?: Partial<Extras>;
  /** What the set-up granted, and somebody took away. */
  readonly taken?: Grant;
}

const [user = "", token = ""] = tokenId.split("!");
const secret = String(environment.PROXMOX_TOKEN_SECRET);
const all: Extras = { snapshots: true, disk: true, agent: true, delivery: false };

const majorOf = { "8.4": 8, "9.2": 9 } as const satisfies Record<Generation, 8 | 9>;

/** Disks of a full clone lie on another storage than the template's. */
const disksOf = ({ clone = "linked" }: Pick<Ward, "clone">): string => (clone === "full" ? "copies" : "disks");

const piecesIn = (ward: Ward) =>
  piecesOf({
    generation: majorOf[ward.generation],
    extras: { ...all, ...ward.extras },
    pool: "runners",
    seeds: "seeds",
    seedsPath: "/var/lib/vz-seeds",
    templates: [String(template.vmid)],
    storages: [disksOf(ward)],
    nodes: ["pve1", "pve2"],
    bridges: ["vmbr0"],
    user,
    token,
    privsep: false,
  });

/** Every privilege that the set-up grants, of all roles. */
export function grantsIn(ward: Ward): readonly Grant[] {
  const paths = {
    template: `/vms/${template.vmid}`,
    pool: "/pool/runners",
    disks: `/storage/${disksOf(ward)}`,
    seeds: "/storage/seeds",
    node: "/nodes/pve1",
    bridge: "/sdn/zones/localnetwork/vmbr0",
  } satisfies Record<Target, string>;
  return roleNeeds.flatMap(({ role, target, privileges }) => {
    const granted = new Set(
      privilegesOf({ role, target, privileges }, majorOf[ward.generation], { ...all, ...ward.extras }),
    );
    return privileges
      .filter(({ name }) => granted.has(name))
      .map(({ name, need }) => ({ role, path: paths[target], privilege: name, need }));
  });
}

/** PVE as the set-up leaves it, but for what was taken away. */
export function pveIn(ward: Ward) {
  const { generation, taken } = ward;
  const pieces = piecesIn(ward);
  return {
    generation,
    nodes: [{ name: "pve1" }, { name: "pve2", memoryGiB: 256 }],
    storages: [
      { name: "disks", content: ["images"], shared: true },
      { name: "copies", content: ["images"], shared: true },
      { name: "seeds", content: ["iso"], shared: true },
    ],
    resourcePools: ["runners"],
    guests: [template],
    tokens: [{ id: tokenId, secret, privileges: "acl" }],
    access: {
      users: [{ userid: user, tokens: [{ tokenid: token, privsep: 0 }] }],
      roles: pieces.flatMap((piece) => {
        if (piece.kind !== "role") return [];
        const left = piece.privileges.filter((name) => piece.id !== taken?.role || name !== taken.privilege);
        return [{ roleid: piece.id, privs: left.join(",") }];
      }),
      acl: pieces.flatMap((piece) =>
        piece.kind === "acl"
          ? [{ path: piece.path, type: "user", ugid: user, roleid: piece.role, propagate: piece.propagate ? 1 : 0 }]
          : [],
      ),
    },
  };
}

/** A configuration that uses everything that was granted. */
export const variablesIn = (ward: Ward): Variables => ({
  ...environment,
  RUNNER_MAX: "1",
  RUNNER_ID_START: "200",
  RUNNER_ID_END: "203",
  RUNNER_LABELS: "linux,x64",
  CLONE: ward.clone ?? "linked",
  DELIVERY: ward.delivery ?? "iso",
  ...(ward.clone === "full" ? { CLONE_STORAGE: disksOf(ward) } : {}),
  DISPATCHER_LISTEN: "off",
});
