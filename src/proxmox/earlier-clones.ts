import { hasCode } from "../domain/errors.ts";
import { asVmid, type NodeName, type PoolName, type Upid, type Vmid } from "../domain/ids.ts";
import type { GuestView, HiddenGuest } from "../domain/observation.ts";
import type { ActiveTask } from "./client.ts";
import type { SiteContext } from "./context.ts";

/** A clone of our token that this life did not begin, and whose target nobody tells: a task names its source only. */
export interface EarlierClone {
  readonly upid: Upid;
  readonly node: NodeName;
  readonly source: Vmid;
}

/**
 * What an earlier life, or another dispatcher with our token, was cloning when it ended. A confined token does not see such
 * a guest before its clone is over, and the journal that knew its VMID may be gone: only the tasks tell that it is coming.
 */
export class EarlierClones {
  readonly #context: SiteContext;
  readonly #unasked = new Set<NodeName>();
  #running: readonly EarlierClone[] = [];

  constructor(context: SiteContext) {
    this.#context = context;
  }

  /** From now on each node is asked once, as soon as it answers. */
  lookAfresh(): void {
    for (const { nodes } of this.#context.options.specs) for (const node of nodes) this.#unasked.add(node);
  }

  /** To be asked before the guests are listed: a clone that ends in between then counts twice rather than never. */
  async running(signal: AbortSignal): Promise<readonly EarlierClone[]> {
    const nodes = new Set([...this.#unasked, ...this.#running.map(({ node }) => node)]);
    await Promise.all([...nodes].map((node) => this.#ask(node, signal)));
    return this.#running;
  }

  async #ask(node: NodeName, signal: AbortSignal): Promise<void> {
    const { tasks, tokenId } = this.#context.options;
    const nameless = this.#hasNameless();
    let active: readonly ActiveTask[];
    try {
      active = await tasks.active(node, signal);
    } catch (error) {
      if (hasCode(error, "unavailable", "timeout")) return;
      throw error;
    }
    const own = new Set(this.#context.begun.values());
    const clones = active.filter((task) => task.type === "qmclone" && task.user === tokenId && !own.has(task.upid));
    // While we have sent a clone and do not know its task yet, nobody can tell it from an earlier one.
    const afresh = !nameless && !this.#hasNameless() && this.#unasked.delete(node);
    const known = new Set(this.#running.map(({ upid }) => upid));
    const here = clones.filter(({ upid }) => afresh || known.has(upid));
    this.#running = [
      ...this.#running.filter((clone) => clone.node !== node),
      ...here.map(({ upid, id }) => ({ upid, node, source: asVmid(Number(id)) })),
    ];
  }

  #hasNameless(): boolean {
    const { reserved, begun } = this.#context;
    return [...reserved].some((vmid) => !begun.has(vmid));
  }
}

/** Their guests, for each pool that they may be of, but for those that are known anyway: seen while they are cloned, or by the journal. */
export function comingOf(
  earlier: readonly EarlierClone[],
  poolsOf: (node: NodeName, source: Vmid) => readonly PoolName[],
  seen: readonly GuestView[],
  hidden: readonly HiddenGuest[],
): readonly HiddenGuest[] {
  const cloning = seen.filter(({ lock }) => lock === "clone").map(({ marker }) => marker.pool);
  const known = [...cloning, ...hidden.map(({ pool }) => pool)];
  return earlier.flatMap(({ node, source }) => {
    const pools = poolsOf(node, source);
    const at = known.findIndex((pool) => pools.includes(pool));
    if (at >= 0) known.splice(at, 1);
    return at >= 0 ? [] : pools.map((pool) => ({ pool, vmid: null, why: stillRuns(node) }));
  });
}

const stillRuns = (node: NodeName): string =>
  `a clone on node ${node} was begun before this start and still runs: it counts until its guest shows`;
