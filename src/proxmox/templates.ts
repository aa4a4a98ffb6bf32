import { DispatcherError } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import type { PoolBlock } from "../domain/observation.ts";
import type { GuestSpec } from "../domain/pool.ts";
import type { GuestSummary, ProxmoxClient } from "./client.ts";
import { cloudInitSlot } from "./drives.ts";

/** Templates per pool and node: found by VMID, or by name with the newest (highest VMID) winning. */
export class Templates {
  readonly #client: ProxmoxClient;
  #found = new Map<string, Vmid>();
  /** Templates seldom change: whether one has a cloud-init drive is asked again only while it has none. */
  readonly #good = new Set<Vmid>();

  constructor(client: ProxmoxClient) {
    this.#client = client;
  }

  /** Every node on which a pool cannot clone, and why. */
  async look(
    specs: readonly GuestSpec[],
    guests: readonly GuestSummary[],
    signal: AbortSignal,
  ): Promise<readonly PoolBlock[]> {
    const blocks: PoolBlock[] = [];
    const found = new Map<string, Vmid>();
    for (const spec of specs) {
      for (const node of spec.nodes) {
        const template = newest(spec, node, guests);
        const why = template === null ? absence(spec, node, guests) : await this.#defect(template, node, signal);
        if (why !== null) blocks.push({ pool: spec.pool, node, why });
        else if (template !== null) found.set(keyOf(spec, node), template);
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

const keyOf = (spec: GuestSpec, node: NodeName): string => `${spec.pool} ${node}`;

const spell = ({ template }: GuestSpec): string =>
  template.kind === "vmid" ? `${template.vmid}` : JSON.stringify(template.name);

function newest(spec: GuestSpec, node: NodeName, guests: readonly GuestSummary[]): Vmid | null {
  const { template } = spec;
  const matching = guests
    .filter((g) => g.type === "qemu" && g.template && g.node === node)
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
