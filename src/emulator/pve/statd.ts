import type { Ms } from "../../domain/time.ts";
import type { WorldTime } from "../time.ts";

/** What the last look of PVE's statistics daemon found. */
export interface Seen {
  readonly status: "running" | "stopped";
  readonly name: string | undefined;
}

/** `cluster/resources` shows names and states as the daemon last saw them, up to ten seconds late. */
export class Statd {
  readonly #time: WorldTime;
  readonly #lag: Ms;
  readonly #look: (vmid: number) => Seen | null;
  readonly #seen = new Map<number, Seen>();
  readonly #changed = new Set<number>();

  constructor(time: WorldTime, lag: Ms, look: (vmid: number) => Seen | null) {
    this.#time = time;
    this.#lag = lag;
    this.#look = look;
  }

  /** Undefined for a guest that it has not seen yet: its status is `unknown`. */
  seen(vmid: number): Seen | undefined {
    return this.#seen.get(vmid);
  }

  /** One look serves all that changed since the last one, so an idle world has no timer. */
  changed(vmid: number): void {
    if (this.#lag === 0) {
      this.look(vmid);
      return;
    }
    const armed = this.#changed.size > 0;
    this.#changed.add(vmid);
    if (armed) return;
    this.#time.after(this.#lag, () => {
      const guests = [...this.#changed];
      this.#changed.clear();
      for (const guest of guests) this.look(guest);
    });
  }

  look(vmid: number): void {
    const now = this.#look(vmid);
    if (now === null) this.#seen.delete(vmid);
    else this.#seen.set(vmid, now);
  }

  forget(vmid: number): void {
    this.#seen.delete(vmid);
  }
}
