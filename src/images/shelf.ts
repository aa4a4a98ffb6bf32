import pLimit from "p-limit";
import { DispatcherError } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import type { Generation } from "../domain/images/families.ts";
import { readTemplateMarker } from "../domain/images/template-marker.ts";
import type { GuestConfig, GuestSummary } from "../proxmox/client.ts";
import { isTemplate } from "../proxmox/templates.ts";
import type { Workshop } from "./workshop.ts";

/** A template of ours, and the read that showed it. */
export interface Shelved extends Generation {
  readonly name: string;
  readonly config: GuestConfig;
}

export interface Shelf {
  readonly templates: readonly Shelved[];
  /** Templates that could not be read, and why: they may be ours. */
  readonly unread: readonly { readonly vmid: Vmid; readonly node: NodeName; readonly why: string }[];
  /** Of the whole cluster, as far as the token sees it. */
  readonly guests: readonly GuestSummary[];
}

const readsAtOnce = 8;

/** Every template of the cluster that carries a valid marker: PVE is where they are written down, and nowhere else. */
export async function readShelf(shop: Workshop, signal: AbortSignal): Promise<Shelf> {
  const guests = await shop.client.resources(signal);
  const limit = pLimit(readsAtOnce);
  const unread: { vmid: Vmid; node: NodeName; why: string }[] = [];
  const found = guests.filter(isTemplate).map(({ vmid, node }) =>
    limit(async (): Promise<readonly Shelved[]> => {
      try {
        const config = await shop.client.config(node, vmid, signal);
        const read = readTemplateMarker(config.values.description ?? "", vmid, shop.signer);
        if (read.kind !== "valid") return [];
        return [{ vmid, node, name: config.values.name ?? "", marker: read.marker, config }];
      } catch (error) {
        if (!(error instanceof DispatcherError)) throw error;
        unread.push({ vmid, node, why: error.message });
        return [];
      }
    }),
  );
  return { templates: (await Promise.all(found)).flat(), unread, guests };
}

/** The same template by a fresh read, which is still what it was taken for. */
export async function readAgain(shop: Workshop, before: Generation, signal: AbortSignal): Promise<Shelved> {
  const { vmid, node, marker } = before;
  const config = await shop.client.config(node, vmid, signal);
  const read = readTemplateMarker(config.values.description ?? "", vmid, shop.signer);
  const what = `template ${vmid} (${marker.family}, generation ${marker.generation})`;
  if (config.values.template !== "1") throw new DispatcherError("not_ours", `${what}: it is no template any more`);
  if (read.kind !== "valid") throw new DispatcherError("not_ours", `${what}: its marker is gone`);
  if (read.marker.family !== marker.family || read.marker.generation !== marker.generation) {
    throw new DispatcherError("not_ours", `${what}: it has become ${read.marker.family} ${read.marker.generation}`);
  }
  return { vmid, node, name: config.values.name ?? "", marker: read.marker, config };
}

/** As somebody named it who asks for a family that is not there. */
export function unknownFamily(family: string, { templates, unread }: Shelf): DispatcherError {
  const known = [...new Set(templates.map(({ marker }) => marker.family))].sort();
  const there = known.length === 0 ? "there is no family yet" : `there are ${known.join(", ")}`;
  const doubt = unread.length === 0 ? "" : ` (${unread.length} templates could not be read)`;
  return new DispatcherError("not_found", `template family ${family}: ${there}${doubt}`, {
    remedy: `build one (dispatcher template build ${family}), or adopt a template (dispatcher template adopt VMID --family ${family})`,
  });
}
