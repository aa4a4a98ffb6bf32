import type { NodeName, PoolName } from "./ids.ts";
import type { NodeView, PoolBlock } from "./observation.ts";
import type { GuestSpec } from "./pool.ts";

export type Placement =
  | { readonly kind: "node"; readonly node: NodeName }
  | { readonly kind: "nowhere"; readonly reasons: readonly string[] };

/** The pool's node with the fewest guests of ours that is online, has the template and, where known, the memory. */
export function place(
  spec: GuestSpec,
  nodes: readonly NodeView[],
  blocks: readonly PoolBlock[],
  guestsOn: ReadonlyMap<NodeName, number>,
): Placement {
  const refusals = spec.nodes.map((name) => ({ name, why: refusal(spec, name, nodes, blocks) }));
  const open = refusals.filter((r) => r.why === null).map((r) => r.name);
  const [best] = open.sort((a, b) => (guestsOn.get(a) ?? 0) - (guestsOn.get(b) ?? 0));
  if (best !== undefined) return { kind: "node", node: best };
  return { kind: "nowhere", reasons: refusals.map((r) => `node ${r.name}: ${r.why}`) };
}

export const blocksOf = (pool: PoolName, blocks: readonly PoolBlock[]): readonly PoolBlock[] =>
  blocks.filter((block) => block.pool === pool);

function refusal(
  spec: GuestSpec,
  name: NodeName,
  nodes: readonly NodeView[],
  blocks: readonly PoolBlock[],
): string | null {
  const block = blocks.find((b) => b.pool === spec.pool && b.node === name);
  if (block !== undefined) return block.why;
  const node = nodes.find((n) => n.name === name);
  if (node === undefined) return "PVE does not list it";
  if (!node.online) return "it is offline";
  const needed = (spec.hardware.memoryMiB ?? 0) * 1024 * 1024;
  if (node.freeMemory !== null && node.freeMemory < needed) {
    return `memory free ${inMiB(node.freeMemory)} MiB, needs ${spec.hardware.memoryMiB}`;
  }
  return null;
}

const inMiB = (bytes: number): number => Math.floor(bytes / 1024 / 1024);
