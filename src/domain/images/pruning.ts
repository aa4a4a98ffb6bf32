import type { NodeName, Vmid } from "../ids.ts";
import { beforePromoted, type Generation, generationsOf, promotedOf } from "./families.ts";

export interface Uses {
  /** Guests whose disks rest on a template's. */
  readonly clones: ReadonlyMap<Vmid, readonly Vmid[]>;
  /** Templates that are being cloned at this moment. */
  readonly cloning: ReadonlySet<Vmid>;
  /** Templates that pools name by VMID. */
  readonly named: ReadonlySet<Vmid>;
}

/** Why a template stays; null: it may go. */
export type Verdict<G extends Generation> = { readonly template: G; readonly keep: string | null };

/** What becomes of every generation of a family on a node: only what nobody uses and nobody would go back to may go. */
export function verdictsOn<G extends Generation>(
  all: readonly G[],
  family: string,
  node: NodeName,
  uses: Uses,
): readonly Verdict<G>[] {
  const generations = generationsOf(all, family, node);
  const promoted = promotedOf(generations);
  const before = beforePromoted(generations);
  return generations.map((template) => ({ template, keep: reason(template, promoted, before, uses) }));
}

function reason(one: Generation, promoted: Generation | null, before: Generation | null, uses: Uses): string | null {
  if (promoted === null) return "no generation of this family is promoted on this node";
  if (one === promoted) return "it is the promoted one";
  if (one === before) return "a rollback would promote it";
  if (one.marker.generation > promoted.marker.generation) return "it is newer than the promoted one";
  if (uses.named.has(one.vmid)) return "a pool names it by its VMID";
  if (uses.cloning.has(one.vmid)) return "it is being cloned";
  const clones = uses.clones.get(one.vmid) ?? [];
  if (clones.length === 0) return null;
  const shown = clones.slice(0, 5).join(", ");
  return `disks of ${clones.length} guests rest on it (${clones.length > 5 ? `${shown} …` : shown})`;
}
