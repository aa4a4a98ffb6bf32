import type { Clock, Instant, Ms } from "../src/domain/time.ts";

interface Sleeper {
  readonly at: Instant;
  readonly wake: () => void;
}

/** Time that passes only when a test says so. */
export class ManualClock implements Clock {
  #now: Instant;
  #sleepers: Sleeper[] = [];

  constructor(now: Instant = Date.parse("2026-11-21T08:00:00Z")) {
    this.#now = now;
  }

  now(): Instant {
    return this.#now;
  }

  sleep(ms: Ms, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = (): void => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        reject(signal?.reason);
      };
      const wake = (): void => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      this.#sleepers.push(sleeper);
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  sleeping(): number {
    return this.#sleepers.length;
  }

  /** Lets `ms` pass: everyone who wakes in it does so in order, and what they do next is let happen. */
  async pass(ms: Ms): Promise<void> {
    const until = this.#now + ms;
    await settle();
    for (let next = this.#first(until); next !== null; next = this.#first(until)) {
      this.#now = Math.max(this.#now, next.at);
      next.wake();
      await settle();
    }
    this.#now = until;
    await settle();
  }

  /** Jumps from sleeper to sleeper until `work` is over; `rest` resolves when nothing but time can bring it forward. */
  async until<T>(work: Promise<T>, rest: () => Promise<void> = settle): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    work.then(end, end);
    await rest();
    while (!over) {
      const next = this.#first(Number.POSITIVE_INFINITY);
      if (next !== null) {
        this.#now = Math.max(this.#now, next.at);
        next.wake();
      }
      await rest();
    }
    return work;
  }

  #first(until: Instant): Sleeper | null {
    const [first] = this.#sleepers.filter((s) => s.at <= until).sort((a, b) => a.at - b.at);
    if (first === undefined) return null;
    this.#sleepers = this.#sleepers.filter((s) => s !== first);
    return first;
  }
}

/** Lets promises and callbacks that are ready run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
