import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { NodeName } from "../domain/ids.ts";
import { beforePromoted, generationsOf, promotedOf, promotionTime } from "../domain/images/families.ts";
import { withTemplateMarker } from "../domain/images/template-marker.ts";
import { SECOND } from "../domain/time.ts";
import { readAgain, readShelf, type Shelf, type Shelved, unknownFamily } from "./shelf.ts";
import type { Workshop } from "./workshop.ts";

export interface Promotion {
  readonly node: NodeName;
  readonly from: Shelved | null;
  readonly to: Shelved;
}

export interface Which {
  readonly family: string;
  /** Null: every node that has one. */
  readonly node: NodeName | null;
}

/** Makes a generation (null: the newest on each node) the one that new guests are cloned from. */
export function promote(
  shop: Workshop,
  which: Which & { readonly generation: number | null },
  signal: AbortSignal,
): Promise<readonly Promotion[]> {
  return onEachNode(shop, which, signal, (generations) => {
    const wanted = which.generation;
    const meant = wanted === null ? generations[0] : generations.find(({ marker }) => marker.generation === wanted);
    return meant ?? `has no generation ${wanted}`;
  });
}

/** Back to the generation that was promoted before. */
export const rollBack = (shop: Workshop, which: Which, signal: AbortSignal): Promise<readonly Promotion[]> =>
  onEachNode(shop, which, signal, (generations) => beforePromoted(generations) ?? "none was promoted before");

/** What cannot be done on a node is known before anything is written on another; where all of them lack it, it is an error. */
async function onEachNode(
  shop: Workshop,
  { family, node: only }: Which,
  signal: AbortSignal,
  choose: (generations: readonly Shelved[]) => Shelved | string,
): Promise<readonly Promotion[]> {
  const shelf = await readShelf(shop, signal);
  const nodes = nodesOf(shelf, family).filter((node) => only === null || node === only);
  if (nodes.length === 0) throw unknownFamily(family, shelf);
  const chosen = nodes.map((node) => {
    const generations = generationsOf(shelf.templates, family, node);
    return { node, generations, meant: choose(generations) };
  });
  const lacking = chosen.flatMap(({ node, meant }) => (typeof meant === "string" ? [`node ${node}: ${meant}`] : []));
  if (lacking.length === chosen.length) {
    throw new DispatcherError("not_found", `template family ${family}: ${lacking.join("; ")}`, {
      remedy: `see \`dispatcher template list\``,
    });
  }
  const done: Promotion[] = [];
  for (const { node, generations, meant } of chosen) {
    if (typeof meant === "string") continue;
    const from = promotedOf(generations);
    done.push({ node, from, to: from?.vmid === meant.vmid ? meant : await write(shop, meant, generations, signal) });
  }
  return done;
}

const nodesOf = ({ templates }: Shelf, family: string): readonly NodeName[] =>
  [...new Set(templates.filter(({ marker }) => marker.family === family).map(({ node }) => node))].sort();

const attempts = 5;

/** One write with the digest of the read that proved it; after another's write it is read and proved again. */
async function write(
  shop: Workshop,
  template: Shelved,
  generations: readonly Shelved[],
  signal: AbortSignal,
): Promise<Shelved> {
  const { client, clock, signer } = shop;
  const promoted = promotionTime(generations, clock.now());
  for (let attempt = 1; ; attempt++) {
    const fresh = await readAgain(shop, template, signal);
    if (fresh.marker.promoted === promoted) return fresh;
    const marker = { ...fresh.marker, promoted };
    const description = withTemplateMarker(fresh.config.values.description ?? "", marker, fresh.vmid, signer);
    try {
      await client.putConfig(fresh.node, fresh.vmid, { set: { description }, digest: fresh.config.digest }, signal);
      return { ...fresh, marker };
    } catch (error) {
      if (!hasCode(error, "conflict", "locked", "lost_answer") || attempt >= attempts) throw error;
      await clock.sleep(SECOND, signal);
    }
  }
}
