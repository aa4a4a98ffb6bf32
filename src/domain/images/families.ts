import type { NodeName, Vmid } from "../ids.ts";
import type { Instant } from "../time.ts";
import type { TemplateMarker } from "./template-marker.ts";

/** A template that carries a valid marker of ours. */
export interface Generation {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly marker: TemplateMarker;
}

/** One family on one node, newest generation first. */
export function generationsOf<G extends Generation>(all: readonly G[], family: string, node: NodeName): readonly G[] {
  return all.filter((one) => one.marker.family === family && one.node === node).sort(newestFirst);
}

/**
 * The generation that new guests are cloned from: the one that was promoted last. A share of guests on a candidate, or a
 * generation's copies on other nodes, would be chosen here.
 */
export const promotedOf = <G extends Generation>(ofFamily: readonly G[]): G | null => byPromotion(ofFamily)[0] ?? null;

/** The one before it, which a rollback promotes. */
export const beforePromoted = <G extends Generation>(ofFamily: readonly G[]): G | null =>
  byPromotion(ofFamily)[1] ?? null;

/** The number of a family's next generation, over all nodes. */
export function nextGeneration(all: readonly Generation[], family: string): number {
  const used = all.filter(({ marker }) => marker.family === family).map(({ marker }) => marker.generation);
  return 1 + Math.max(0, ...used);
}

/** Later than every promotion before it, also where a clock was set back. */
export function promotionTime(ofFamily: readonly Generation[], now: Instant): Instant {
  return Math.max(now, ...ofFamily.map(({ marker }) => (marker.promoted ?? 0) + 1));
}

function byPromotion<G extends Generation>(ofFamily: readonly G[]): readonly G[] {
  return ofFamily
    .filter(({ marker }) => marker.promoted !== null)
    .sort((a, b) => (b.marker.promoted ?? 0) - (a.marker.promoted ?? 0) || newestFirst(a, b));
}

const newestFirst = (a: Generation, b: Generation): number =>
  b.marker.generation - a.marker.generation || b.vmid - a.vmid;
