import { DispatcherError } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import type { Generation } from "../domain/images/families.ts";
import { readTemplateMarker, type TemplateMarker } from "../domain/images/template-marker.ts";
import type { Signer } from "../domain/signed-line.ts";
import { type Clock, type Instant, MINUTE } from "../domain/time.ts";
import type { GuestSummary, ProxmoxClient } from "./client.ts";

export type Marked = Generation;

interface Known {
  readonly name: string | null;
  readonly marker: TemplateMarker | null;
  readonly at: Instant;
}

/** A template without a marker may be given one at any time, but hardly is. */
const unmarkedRest = MINUTE;

/** The markers of templates. Those that carry one are read in every pass, so that a promotion is seen by the next one. */
export class Markers {
  readonly #client: Pick<ProxmoxClient, "config">;
  readonly #signer: Signer;
  readonly #clock: Clock;
  #known = new Map<string, Known>();

  constructor(client: Pick<ProxmoxClient, "config">, signer: Signer, clock: Clock) {
    this.#client = client;
    this.#signer = signer;
    this.#clock = clock;
  }

  async of(templates: readonly GuestSummary[], signal: AbortSignal): Promise<readonly Marked[]> {
    const before = this.#known;
    const known = new Map<string, Known>();
    const all = templates.map(async ({ vmid, node, name }): Promise<readonly Marked[]> => {
      const key = `${vmid} ${node}`;
      const read = await this.#read(vmid, node, name, before.get(key), signal);
      known.set(key, read);
      return read.marker === null ? [] : [{ vmid, node, marker: read.marker }];
    });
    const marked = (await Promise.all(all)).flat();
    this.#known = known;
    return marked;
  }

  async #read(
    vmid: Vmid,
    node: NodeName,
    name: string | null,
    before: Known | undefined,
    signal: AbortSignal,
  ): Promise<Known> {
    const at = this.#clock.now();
    const known = before?.name === name ? before : undefined;
    if (known?.marker === null && at - known.at < unmarkedRest) return known;
    try {
      const { values } = await this.#client.config(node, vmid, signal);
      const read = readTemplateMarker(values.description ?? "", vmid, this.#signer);
      return { name, marker: read.kind === "valid" ? read.marker : null, at };
    } catch (error) {
      // What cannot be read now is what it was: a node that is cut off demotes nothing.
      if (error instanceof DispatcherError) return known ?? { name, marker: null, at };
      throw error;
    }
  }
}
