import { DispatcherError } from "../domain/errors.ts";
import type { NodeName, PoolName, Vmid } from "../domain/ids.ts";
import { generationsOf, promotedOf } from "../domain/images/families.ts";
import type { PoolBlock } from "../domain/observation.ts";
import type { GuestSpec } from "../domain/pool.ts";
import type { Signer } from "../domain/signed-line.ts";
import type { Clock } from "../domain/time.ts";
import type { GuestSummary, ProxmoxClient } from "./client.ts";
import { cloudInitSlot } from "./drives.ts";
import { type Marked, Markers } from "./template-markers.ts";

/** Templates per pool and node: by VMID, or the promoted generation of a family, or by name with the newest (highest VMID) winning. */
export class Templates {
  readonly #client: ProxmoxClient;
  readonly #markers: Markers;
  #found = new Map<string, Vmid>();
  /** Templates seldom change: whether one has a cloud-init drive is asked again only while it has none. */
  readonly #good = new Set<Vmid>();

  constructor(client: ProxmoxClient, signer: Signer, clock: Clock) {
    this.#client = client;
    this.#markers = new Markers(client, signer, clock);
  }

  /** Every node on which a pool cannot clone, and why. */
  async look(
    specs: readonly GuestSpec[],
    guests: readonly GuestSummary[],
    signal: AbortSignal,
  ): Promise<readonly PoolBlock[]> {
    const blocks: PoolBlock[] = [];
    const found = new Map<string, Vmid>();
    const marked = await this.#marked(specs, guests, signal);
    for (const spec of specs) {
      for (const node of spec.nodes) {
        const meant = meantBy(spec, node, guests, marked);
        const why = meant.kind === "none" ? meant.why : await this.#defect(meant.vmid, node, signal);
        if (why !== null) blocks.push({ pool: spec.pool, node, why });
        else if (meant.kind === "one") found.set(keyOf(spec, node), meant.vmid);
      }
    }
    this.#found = found;
    return blocks;
  }

  /** As the last look had it. */
  of(spec: GuestSpec, node: NodeName): Vmid {
    const template = this.#found.get(keyOf(spec, node));
    if (template !== undefined) return template;
    throw new DispatcherError("not_found", `template ${spell(spec)}: not on node ${node}`);
  }

  /** The pools whose guests on that node are cloned from this template. */
  poolsOf(specs: readonly GuestSpec[], node: NodeName, template: Vmid): readonly PoolName[] {
    return specs.filter((spec) => this.#found.get(keyOf(spec, node)) === template).map(({ pool }) => pool);
  }

  /** Only where a pool names a family does anyone read markers. */
  async #marked(
    specs: readonly GuestSpec[],
    guests: readonly GuestSummary[],
    signal: AbortSignal,
  ): Promise<readonly Marked[]> {
    const byName = specs.filter(({ template }) => template.kind === "name");
    const nodes = new Set(byName.flatMap((spec) => spec.nodes));
    const templates = guests.filter((guest) => isTemplate(guest) && nodes.has(guest.node));
    return this.#markers.of(templates, signal);
  }

  async #defect(template: Vmid, node: NodeName, signal: AbortSignal): Promise<string | null> {
    if (this.#good.has(template)) return null;
    let values: Readonly<Record<string, string>>;
    try {
      ({ values } = await this.#client.config(node, template, signal));
    } catch (error) {
      // One unreadable template blocks its pool on that node, not the whole observation.
      if (error instanceof DispatcherError) return `template ${template} cannot be read: ${error.message}`;
      throw error;
    }
    if (cloudInitSlot(values) === null) {
      return (
        `template ${template} has no cloud-init drive, so its clones could not read a seed; ` +
        `add one: qm set ${template} --ide2 <storage>:cloudinit`
      );
    }
    this.#good.add(template);
    return null;
  }
}

export type Meant = { readonly kind: "one"; readonly vmid: Vmid } | { readonly kind: "none"; readonly why: string };

/** Which template a pool means on a node. A family that has marked generations anywhere is never mistaken for a mere name. */
export function meantBy(
  spec: GuestSpec,
  node: NodeName,
  guests: readonly GuestSummary[],
  marked: readonly Marked[],
): Meant {
  const { template } = spec;
  if (template.kind === "name" && marked.some(({ marker }) => marker.family === template.name)) {
    return promotedOn(template.name, node, marked);
  }
  const vmid = newest(spec, node, guests);
  return vmid === null ? { kind: "none", why: absence(spec, node, guests) } : { kind: "one", vmid };
}

function promotedOn(family: string, node: NodeName, marked: readonly Marked[]): Meant {
  const generations = generationsOf(marked, family, node);
  const promoted = promotedOf(generations);
  if (promoted !== null) return { kind: "one", vmid: promoted.vmid };
  const why =
    generations.length === 0
      ? `template family ${family} has no generation on node ${node}: dispatcher template build ${family} --node ${node}`
      : `no generation of template family ${family} on node ${node} is promoted: dispatcher template promote ${family}`;
  return { kind: "none", why };
}

export const isTemplate = (guest: GuestSummary): boolean => guest.type === "qemu" && guest.template;

const keyOf = (spec: GuestSpec, node: NodeName): string => `${spec.pool} ${node}`;

const spell = ({ template }: GuestSpec): string =>
  template.kind === "vmid" ? `${template.vmid}` : JSON.stringify(template.name);

function newest(spec: GuestSpec, node: NodeName, guests: readonly GuestSummary[]): Vmid | null {
  const { template } = spec;
  const matching = guests
    .filter((g) => isTemplate(g) && g.node === node)
    .filter((g) => (template.kind === "vmid" ? g.vmid === template.vmid : g.name === template.name))
    .map((g) => g.vmid);
  return matching.length === 0 ? null : matching.reduce((a, b) => (a > b ? a : b));
}

function absence(spec: GuestSpec, node: NodeName, guests: readonly GuestSummary[]): string {
  const { template } = spec;
  const ordinary = guests.find((g) =>
    template.kind === "vmid" ? g.vmid === template.vmid : g.name === template.name && g.node === node,
  );
  const what = `template ${spell(spec)} does not exist on node ${node}`;
  if (ordinary === undefined) return `${what}: build it there, name another, or grant VM.Audit and VM.Clone on it`;
  if (ordinary.node !== node) return `${what}: it is on ${ordinary.node}; templates are named per node`;
  return `${what}: guest ${ordinary.vmid} is not a template; convert it with qm template ${ordinary.vmid}`;
}
