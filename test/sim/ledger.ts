import type { Instant } from "../../src/domain/time.ts";
import type { Guest } from "../../src/emulator/pve/guest.ts";

/** What the simulation knows of one guest: the truth, not what anyone says. */
export interface Entry {
  readonly guest: Guest;
  readonly vmid: number;
  readonly madeBy: "world" | "operator" | "dispatcher";
  /** Of a guest of the dispatcher's. */
  readonly pool: string | null;
  /** What its runner is called. */
  readonly runnerName: string | null;
  /** Since when a proof is missing, and which. */
  doubt: { readonly since: Instant; readonly what: string } | null;
  /** Nobody will mend that. */
  forGood: boolean;
  /** It has been given its secret: from then on a job may come to it. */
  mayServe: boolean;
  jobs: number;
  /** Whose doing it is when its job dies, beside the dispatcher's. */
  excuse: string | null;
  stoppedBy: { readonly life: number; readonly at: Instant } | null;
}

export interface Origin extends Pick<Entry, "madeBy" | "pool"> {
  readonly runnerName?: string | null;
}

/** The pool of guests that carry leases: they take no room and are never started. */
export const leaseOnly = "lease";

/** All guests that there are, by object: a VMID may be used again. */
export class Ledger {
  readonly #entries = new Map<Guest, Entry>();
  readonly #coming = new Map<number, Origin>();
  /** How many there were, by who made them. */
  readonly made = { world: 0, operator: 0, dispatcher: 0 };

  /** Somebody is about to make a guest with this VMID. */
  expect(vmid: number, by: Origin): void {
    this.#coming.set(vmid, by);
  }

  appears(guest: Guest): Entry {
    const by = this.#coming.get(guest.vmid) ?? { madeBy: "world" as const, pool: null };
    const { runnerName = null }: Origin = by;
    this.#coming.delete(guest.vmid);
    const entry: Entry = {
      ...by,
      runnerName,
      guest,
      vmid: guest.vmid,
      doubt: null,
      forGood: false,
      mayServe: false,
      jobs: 0,
      excuse: null,
      stoppedBy: null,
    };
    this.#entries.set(guest, entry);
    if (by.pool !== leaseOnly) this.made[by.madeBy] += 1;
    return entry;
  }

  goes(guest: Guest): void {
    this.#entries.delete(guest);
  }

  /** Undefined where no guest has the VMID. */
  at(vmid: number): Entry | undefined {
    for (const entry of this.#entries.values()) if (entry.vmid === vmid) return entry;
    return undefined;
  }

  /** Those that are there for runners. */
  ours(): readonly Entry[] {
    return [...this.#entries.values()].filter(({ madeBy, pool }) => madeBy === "dispatcher" && pool !== leaseOnly);
  }

  foreign(): readonly Entry[] {
    return [...this.#entries.values()].filter((entry) => entry.madeBy !== "dispatcher");
  }
}
