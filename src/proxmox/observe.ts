import { hasCode } from "../domain/errors.ts";
import { asGuestName, type NodeName, type Vmid } from "../domain/ids.ts";
import { nonceIn } from "../domain/naming.ts";
import type { GuestView, HiddenGuest, NodeView, Power, SiteView } from "../domain/observation.ts";
import { standingOf } from "../domain/ownership.ts";
import { inRange, leaseVmid } from "../domain/vmids.ts";
import type { GuestSummary } from "./client.ts";
import type { SiteContext } from "./context.ts";
import { osOf, seedSlot } from "./drives.ts";
import { comingOf, EarlierClones } from "./earlier-clones.ts";
import type { Templates } from "./templates.ts";

type Live = ReadonlyMap<NodeName, ReadonlyMap<Vmid, GuestSummary>>;
type Values = Readonly<Record<string, string>>;

/** Reads what PVE says now. Configurations of candidates are read once and kept: what they prove is proven again before any change. */
export class Observer {
  readonly #context: SiteContext;
  readonly #templates: Templates;
  readonly #earlier: EarlierClones;
  #configs = new Map<string, Values>();

  constructor(context: SiteContext, templates: Templates) {
    this.#context = context;
    this.#templates = templates;
    this.#earlier = new EarlierClones(context);
  }

  async observe(signal: AbortSignal, look: { readonly seeds: boolean }): Promise<SiteView> {
    const { client, specs, stores } = this.#context.options;
    if (look.seeds) this.#earlier.lookAfresh();
    const earlier = await this.#earlier.running(signal);
    const [nodes, listed] = await Promise.all([client.nodes(signal), client.resources(signal)]);
    const live = await this.#liveLists(nodes, listed, signal);
    const guests = merge(listed, live);
    this.#context.learn(guests);
    const [views, blocks, seeds] = await Promise.all([
      this.#views(guests, live, look.seeds, signal),
      this.#templates.look(specs, guests, signal),
      Promise.all(look.seeds ? stores.map((store) => store.list(signal)) : []),
    ]);
    const hidden = await this.#hidden(new Set(guests.map((guest) => guest.vmid)), signal);
    const unread = views.flatMap((view) => ("why" in view ? [view] : []));
    const seen = views.flatMap((view) => ("why" in view ? [] : [view]));
    const coming = comingOf(earlier, (...clone) => this.#templates.poolsOf(specs, ...clone), seen, hidden);
    return { guests: seen, nodes, seeds: seeds.flat(), blocks, hidden: [...hidden, ...unread, ...coming] };
  }

  /** What we cloned, is there, and is not shown to us: a token without VM.Audit. */
  async #hidden(listed: ReadonlySet<Vmid>, signal: AbortSignal): Promise<readonly HiddenGuest[]> {
    const { made, reserved } = this.#context;
    const missing = [...made].filter(([vmid]) => !listed.has(vmid) && !reserved.has(vmid));
    const hidden: HiddenGuest[] = [];
    for (const [vmid, { pool, until }] of missing) {
      const answer = await this.#context.isFree(vmid, signal);
      const over = answer === "free" && this.#context.options.clock.now() >= until;
      if (over) this.#context.unmake(vmid);
      else if (answer !== "unknown") hidden.push({ vmid, pool, why: unseen });
    }
    return hidden;
  }

  /** After a change of ours: what was read of it is old. */
  forget(vmid: Vmid): void {
    for (const key of this.#configs.keys()) if (key.startsWith(`${vmid} `)) this.#configs.delete(key);
  }

  /** `cluster/resources` lags ten seconds; a node's own list is live. A node that does not answer leaves its guests unknown. */
  async #liveLists(nodes: readonly NodeView[], listed: readonly GuestSummary[], signal: AbortSignal): Promise<Live> {
    const online = new Set(nodes.filter((node) => node.online).map((node) => node.name));
    const ours = new Set(this.#context.options.specs.flatMap((spec) => spec.nodes));
    const wanted = new Set([...ours, ...listed.filter((g) => this.#isCandidate(g)).map((g) => g.node)]);
    const lists = await Promise.all(
      [...wanted]
        .filter((node) => online.has(node))
        .map(async (node) => {
          try {
            const guests = await this.#context.options.client.guests(node, signal);
            return [[node, new Map(guests.map((g) => [g.vmid, g]))] as const];
          } catch (error) {
            if (hasCode(error, "unavailable", "timeout")) return [];
            throw error;
          }
        }),
    );
    return new Map(lists.flat());
  }

  /** `afresh`: a sweep also learns what people have changed by hand. */
  async #views(
    guests: readonly GuestSummary[],
    live: Live,
    afresh: boolean,
    signal: AbortSignal,
  ): Promise<readonly (GuestView | HiddenGuest)[]> {
    const before = this.#configs;
    this.#configs = new Map();
    const views = await Promise.all(
      guests
        .filter((guest) => this.#isCandidate(guest))
        .map(async (guest) => {
          const values = await this.#valuesOf(guest, before, afresh, signal);
          if (values === "gone") return [];
          return values === "unread" ? this.#unread(guest) : this.#view(guest, values, powerOf(guest, live));
        }),
    );
    return views.flat();
  }

  async #valuesOf(
    guest: GuestSummary,
    before: ReadonlyMap<string, Values>,
    afresh: boolean,
    signal: AbortSignal,
  ): Promise<Values | "gone" | "unread"> {
    const key = `${guest.vmid} ${guest.node} ${guest.name}`;
    const known = before.get(key);
    try {
      const old = afresh ? undefined : known;
      const values = old ?? (await this.#context.options.client.config(guest.node, guest.vmid, signal)).values;
      // What a clone shows while it runs is PVE's, not yet ours.
      if (values.lock === undefined) this.#configs.set(key, values);
      return values;
    } catch (error) {
      // Hidden while its clone runs, or just gone.
      if (hasCode(error, "forbidden", "not_found")) return "gone";
      if (!hasCode(error, "unavailable", "timeout")) throw error;
      // Its node is cut off: what we knew of it still tells whose it is.
      if (known !== undefined) this.#configs.set(key, known);
      return known ?? "unread";
    }
  }

  /** It may be ours: it takes room until its node answers. */
  #unread({ vmid, node }: GuestSummary): readonly HiddenGuest[] {
    const spec = this.#context.options.specs.find(({ range }) => inRange(vmid, range) && vmid !== leaseVmid(range));
    if (spec === undefined) return [];
    return [{ vmid, pool: spec.pool, why: `node ${node} does not tell whose guest it is: it counts until it does` }];
  }

  #view(guest: GuestSummary, values: Values, power: Power): readonly GuestView[] {
    const { ownership } = this.#context.options;
    const name = values.name ?? guest.name ?? "";
    const standing = standingOf(
      {
        vmid: guest.vmid,
        name,
        description: values.description ?? "",
        template: guest.template,
        protection: values.protection === "1",
        resourcePool: guest.resourcePool,
      },
      ownership,
    );
    if (standing.kind === "foreign") return [];
    const { vmid, node } = guest;
    const stray = standing.kind === "stray" ? { why: standing.why, remedy: standing.remedy } : null;
    const seedAttached = seedSlot(values, ownership.instance, vmid) !== null;
    const os = osOf(values);
    return [
      {
        ...{ vmid, name: asGuestName(name), node, marker: standing.marker, power },
        ...{ lock: guest.lock, os, seedAttached, stray },
      },
    ];
  }

  /** By VMID, or by a name that we may have given: a guest of ours that left the range is a stray, and seen. */
  #isCandidate({ vmid, name, type, template }: GuestSummary): boolean {
    if (type !== "qemu" || template) return false;
    return this.#context.options.specs.some(
      (spec) => inRange(vmid, spec.range) || (name !== null && nonceIn(name, spec.prefix) !== null),
    );
  }
}

const unseen =
  "a guest that was cloned here cannot be seen and so not be removed: grant VM.Audit where its pool clones";

/** A node's own list knows better than the cluster's; what only one of them has is kept. */
function merge(listed: readonly GuestSummary[], live: Live): readonly GuestSummary[] {
  const merged = new Map(listed.map((guest) => [guest.vmid, guest]));
  for (const guests of live.values()) {
    for (const guest of guests.values()) {
      const other = merged.get(guest.vmid);
      // Only the cluster's list tells the resource pool.
      merged.set(guest.vmid, { ...guest, resourcePool: other?.resourcePool });
    }
  }
  return [...merged.values()];
}

function powerOf(guest: GuestSummary, live: Live): Power {
  const status = live.get(guest.node)?.get(guest.vmid)?.status;
  return status === "running" || status === "stopped" ? status : "unknown";
}
