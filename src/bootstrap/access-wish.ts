import type { NodeName } from "../domain/ids.ts";
import type { GuestSummary } from "../proxmox/client.ts";
import { type Piece, piecesOf } from "../proxmox/setup/pieces.ts";
import type { Extras, Generation } from "../proxmox/setup/roles.ts";
import type { Tools } from "./tools.ts";

export interface AccessNames {
  readonly pool: string;
  readonly seeds: string;
  readonly seedsPath: string;
  readonly user: string;
  readonly token: string;
}

/** What the daemon's token needs for the templates that are there by now, as they are built. */
export async function wishedAccess(
  { client }: Pick<Tools, "client">,
  wanted: {
    readonly names: AccessNames;
    readonly generation: Generation;
    readonly extras: Extras;
    readonly nodes: readonly NodeName[];
    readonly isTemplate: (guest: GuestSummary) => boolean;
    /** Where no template says another one. */
    readonly bridge: string;
    readonly storages: readonly string[];
  },
  signal: AbortSignal,
): Promise<readonly Piece[]> {
  const templates = (await client.resources(signal)).filter(
    (guest) => guest.type === "qemu" && guest.template && wanted.isTemplate(guest),
  );
  const storages = new Set(wanted.storages);
  const bridges = new Set<string>();
  for (const { node, vmid } of templates) {
    const { values } = await client.config(node, vmid, signal);
    for (const [name, value] of Object.entries(values)) {
      const storage = /^(?:ide|sata|scsi|virtio|efidisk|tpmstate)\d+$/.test(name)
        ? /^([\w.-]+):/.exec(value)?.[1]
        : undefined;
      if (storage !== undefined) storages.add(storage);
      const bridge = /^net\d+$/.test(name) ? /\bbridge=([^,]+)/.exec(value)?.[1] : undefined;
      if (bridge !== undefined) bridges.add(bridge);
    }
  }
  return piecesOf({
    ...wanted.names,
    generation: wanted.generation,
    extras: wanted.extras,
    privsep: false,
    templates: templates.map(({ vmid }) => String(vmid)),
    storages: [...storages],
    nodes: wanted.nodes,
    bridges: bridges.size === 0 ? [wanted.bridge] : [...bridges],
  });
}
