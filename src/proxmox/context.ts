import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { NodeName, PoolName, Upid, Vmid } from "../domain/ids.ts";
import type { Ownership } from "../domain/ownership.ts";
import type { GuestSpec } from "../domain/pool.ts";
import { type Clock, type Instant, SECOND } from "../domain/time.ts";
import { inRange } from "../domain/vmids.ts";
import type { Journal } from "../engine/journal.ts";
import type { Free, SeedStore } from "../engine/site.ts";
import type { ProxmoxClient } from "./client.ts";
import type { Limits } from "./limits.ts";
import type { Tasks } from "./tasks.ts";

export interface SiteOptions {
  readonly client: ProxmoxClient;
  readonly tasks: Tasks;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly ownership: Ownership;
  readonly specs: readonly GuestSpec[];
  readonly stores: readonly SeedStore[];
  /** `user@realm!name`, as tasks carry it. */
  readonly tokenId: string;
  readonly journal: Journal;
}

/** A clone call that was sent just before a crash may take effect shortly after the restart. */
const late = 10 * SECOND;

/** What the site's verbs share: where guests were last seen, and which VMIDs are in our hands. */
export class SiteContext {
  readonly options: SiteOptions;
  /** VMIDs of clone calls and tasks of ours that are not over. */
  readonly reserved = new Set<Vmid>();
  /** Their tasks, as far as PVE has told them. */
  readonly begun = new Map<Vmid, Upid>();
  /** VMIDs that we have cloned to and not seen go, and until when a free one may still be on its way. */
  readonly made = new Map<Vmid, { readonly pool: PoolName; readonly until: Instant }>();
  readonly #nodes = new Map<Vmid, NodeName>();
  #used: ReadonlySet<Vmid> = new Set();

  constructor(options: SiteOptions) {
    this.options = options;
    const { journal, specs, clock } = options;
    for (const vmid of journal.clones()) {
      const spec = specs.find(({ range }) => inRange(vmid, range));
      if (spec !== undefined) this.made.set(vmid, { pool: spec.pool, until: clock.now() + late });
    }
  }

  /** It is gone, or never came. */
  unmake(vmid: Vmid): void {
    this.made.delete(vmid);
    this.options.journal.settled(vmid);
  }

  /** After each listing of the whole cluster. */
  learn(guests: readonly { readonly vmid: Vmid; readonly node: NodeName }[]): void {
    this.#used = new Set(guests.map((guest) => guest.vmid));
    this.#nodes.clear();
    for (const { vmid, node } of guests) this.#nodes.set(vmid, node);
  }

  settle(vmid: Vmid, node: NodeName): void {
    this.#nodes.set(vmid, node);
  }

  taken(): ReadonlySet<Vmid> {
    return new Set([...this.#used, ...this.reserved]);
  }

  /** Where it was last seen; asks the cluster when it was not, and throws `not_found` only when PVE says that it is gone. */
  async nodeOf(vmid: Vmid, signal: AbortSignal, afresh = false): Promise<NodeName> {
    const known = afresh ? undefined : this.#nodes.get(vmid);
    if (known !== undefined) return known;
    const guests = await this.options.client.resources(signal);
    this.learn(guests);
    const found = guests.find((guest) => guest.vmid === vmid);
    if (found !== undefined) return found.node;
    if ((await this.isFree(vmid, signal)) === "free") {
      throw new DispatcherError("not_found", `guest ${vmid}: it is gone`);
    }
    throw new DispatcherError("unavailable", `guest ${vmid}: PVE has it but does not say where`);
  }

  /** Only `nextid` sees guests that are hidden from our token; and what we are cloning ourselves is never free. */
  async isFree(vmid: Vmid, signal: AbortSignal): Promise<Free> {
    if (this.reserved.has(vmid)) return "unknown";
    const answer = await this.ask(vmid, signal);
    return answer === "used" && this.made.has(vmid) ? "ours" : answer;
  }

  async ask(vmid: Vmid, signal: AbortSignal): Promise<"free" | "used" | "unknown"> {
    try {
      return await this.options.client.nextId(vmid, signal);
    } catch (error) {
      if (error instanceof DispatcherError && !hasCode(error, "unauthorized")) return "unknown";
      throw error;
    }
  }
}
