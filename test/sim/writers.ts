import type { LeaseTimes } from "../../src/domain/lease.ts";
import type { Instant } from "../../src/domain/time.ts";
import type { Exchange } from "./exchange.ts";
import { instance, type Setting } from "./setting.ts";
import type { Verdicts } from "./verdicts.ts";

const rule = "one writer";

interface Held {
  readonly life: number;
  readonly at: Instant;
}

/** Who holds the lease of each VMID range, by the writes that PVE accepted. */
export class Writers {
  readonly #verdicts: Verdicts;
  readonly #now: () => Instant;
  readonly #times: LeaseTimes;
  readonly #ranges: readonly { readonly first: number; readonly last: number }[];
  /** By the VMID of the lease; null: given back. */
  readonly #held = new Map<number, Held | null>();

  constructor(setting: Setting, verdicts: Verdicts, now: () => Instant) {
    this.#verdicts = verdicts;
    this.#now = now;
    this.#times = setting.leaseTimes;
    this.#ranges = setting.config.pools.map(({ guest }) => guest.range);
  }

  isLease(vmid: number | null): boolean {
    return this.#ranges.some(({ last }) => last === vmid);
  }

  /** A lease was created, or written. */
  accepted({ life, vmid, form }: Exchange): void {
    if (vmid === null) return;
    const released = (new URLSearchParams(form).get("description") ?? "").includes('"released":true');
    this.#held.set(vmid, released ? null : { life, at: this.#now() });
  }

  /** Anything else that changes something: at this VMID, or (null) anywhere. */
  sends(exchange: Exchange, vmid: number | null): void {
    this.#mustHold(exchange, vmid, this.#times.holding);
  }

  /** What was sent last may arrive until the end of the term: nobody else takes the lease before. */
  arrives(exchange: Exchange, vmid: number | null): void {
    this.#mustHold(exchange, vmid, this.#times.term);
  }

  #mustHold({ life, call }: Exchange, vmid: number | null, most: number): void {
    for (const { first, last } of this.#ranges) {
      if (vmid !== null && (vmid < first || vmid > last)) continue;
      const held = this.#held.get(last) ?? null;
      const own = held !== null && held.life === life && this.#now() - held.at <= most;
      const holder = held === null ? "nobody" : `life ${held.life}, ${this.#now() - held.at} ms ago`;
      this.#verdicts.require(rule, own, () => `${call} ${vmid ?? ""} of life ${life}: lease ${last} is ${holder}'s`);
    }
  }
}

/** The VMID of the guest whose seed a request writes or removes. */
export function seedOf({ volume }: Exchange): number | null {
  const number = new RegExp(`^local:iso/${instance}-(\\d+)\\.iso$`).exec(volume ?? "")?.[1];
  return number === undefined ? null : Number(number);
}
