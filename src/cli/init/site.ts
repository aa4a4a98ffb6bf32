import type { Tools } from "../../bootstrap/tools.ts";
import { asNodeName } from "../../domain/ids.ts";
import { inspectCalls } from "../../proxmox/inspect-calls.ts";
import type { StorageSummary } from "../../proxmox/node-calls.ts";
import { generationOf } from "../../proxmox/setup/access.ts";
import type { Generation } from "../../proxmox/setup/roles.ts";

/** What there is to choose from on PVE. */
export interface SiteFacts {
  readonly generation: Generation;
  readonly nodes: readonly string[];
  readonly storages: readonly StorageSummary[];
  readonly bridges: readonly string[];
  readonly templates: readonly { readonly vmid: number; readonly name: string; readonly node: string }[];
  readonly resourcePools: readonly string[];
  /** VMIDs that nobody uses. */
  readonly range: string;
}

export async function lookAtSite(
  { http, client }: Pick<Tools, "http" | "client">,
  signal: AbortSignal,
): Promise<SiteFacts> {
  const generation = await generationOf(http, signal);
  const nodes = (await client.nodes(signal)).filter(({ online }) => online).map(({ name }) => name);
  const [guests, pools, storages, bridges] = await Promise.all([
    client.resources(signal),
    client.pools(signal),
    Promise.all(nodes.map((node) => client.storages(asNodeName(node), signal))),
    Promise.all(nodes.map((node) => inspectCalls(http).bridges(asNodeName(node), signal))),
  ]);
  return {
    generation,
    nodes,
    storages: storages.flat(),
    bridges: [...new Set(bridges.flat())].sort(),
    templates: guests
      .filter(({ type, template }) => type === "qemu" && template)
      .map(({ vmid, name, node }) => ({ vmid, name: name ?? String(vmid), node })),
    resourcePools: pools.map(({ name }) => name),
    range: freeRange(new Set(guests.map(({ vmid }) => Number(vmid)))),
  };
}

/** By name, by VMID, or by family: what is built for one keeps the name of its build. */
export const isTemplateOf =
  (wanted: string) =>
  ({ vmid, name }: { readonly vmid: number; readonly name: string | null }): boolean =>
    [name, String(vmid)].includes(wanted) || name === `${wanted}-build`;

/** A hundred in a row: room for guests, and at the end for the lease. */
export function freeRange(used: ReadonlySet<number>): string {
  const size = 100;
  for (let first = 200; ; first += size) {
    const range = Array.from({ length: size }, (_, index) => first + index);
    if (!range.some((vmid) => used.has(vmid))) return `${first}-${first + size - 1}`;
  }
}
