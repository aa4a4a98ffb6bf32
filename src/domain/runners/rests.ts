import type { NodeName } from "../ids.ts";
import type { PoolBlock } from "../observation.ts";
import type { GuestSpec, RunnerPool } from "../pool.ts";

/** What a failed launch is about unless it is known to be somebody else's fault: this template on this node. */
export const pairKey = (spec: GuestSpec, node: NodeName): string => `template ${templateOf(spec)} on ${node}`;

/** So many pairs that have something in common make it the suspect. */
const suspicious = 2;

/** The nodes on which nothing is launched for this pool for a while, and why: it reads like any other block. */
export function restBlocks(
  pool: RunnerPool,
  pools: readonly RunnerPool[],
  resting: ReadonlyMap<string, string>,
): readonly PoolBlock[] {
  const all = pairsOf(pools).filter((pair) => resting.has(pair.key));
  const template = templateOf(pool.guest);
  const ofTemplate = all.filter((pair) => pair.template === template);
  return pool.guest.nodes.flatMap((node): readonly PoolBlock[] => {
    const block = (why: string): readonly PoolBlock[] => [{ pool: pool.guest.pool, node, why }];
    const own = resting.get(pairKey(pool.guest, node));
    if (own !== undefined) return block(own);
    if (ofTemplate.length >= suspicious) {
      return block(`template ${template} rests, it failed on ${ofTemplate.map(said(resting, "node")).join(", ")}`);
    }
    const onNode = all.filter((pair) => pair.node === node);
    if (onNode.length < suspicious) return [];
    return block(`it rests, launches failed there of ${onNode.map(said(resting, "template")).join(", ")}`);
  });
}

interface Pair {
  readonly key: string;
  readonly template: string;
  readonly node: NodeName;
}

const said =
  (resting: ReadonlyMap<string, string>, part: "node" | "template") =>
  (pair: Pair): string =>
    `${pair[part]} (${resting.get(pair.key)})`;

/** Several pools may share a pair: it counts once. */
function pairsOf(pools: readonly RunnerPool[]): readonly Pair[] {
  const pairs = pools.flatMap(({ guest }) =>
    guest.nodes.map((node): Pair => ({ key: pairKey(guest, node), template: templateOf(guest), node })),
  );
  return [...new Map(pairs.map((pair) => [pair.key, pair])).values()];
}

export const templateOf = ({ template }: GuestSpec): string =>
  template.kind === "name" ? template.name : `VMID ${template.vmid}`;
