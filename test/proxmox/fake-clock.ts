import type { Clock, Instant, Ms } from "../../src/domain/time.ts";

/** Time that passes only when a test says so, or jumps from sleep to sleep while work is under way. */
export class FakeClock implements Clock {
  #now: Instant = 1_000_000;
  #sleepers: { readonly at: Instant; readonly wake: () => void }[] = [];

  now(): Instant {
    return this.#now;
  }

  sleep(ms: Ms, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = (): void => {
        this.#sleepers = this.#sleepers.filter((s) => s !== sleeper);
        reject(signal?.reason);
      };
      const sleeper = {
        at: this.#now + ms,
        wake: () => {
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#sleepers.push(sleeper);
    });
  }

  /** Jumps over every sleep until the work settles. What needs no sleep is let through first. */
  async until<T>(work: Promise<T>): Promise<T> {
    let settled = false;
    const note = (): void => {
      settled = true;
    };
    work.then(note, note);
    while (!settled) {
      await quiet();
      if (!settled) this.#wakeFirst();
    }
    return work;
  }

  #wakeFirst(): void {
    const [first] = [...this.#sleepers].sort((a, b) => a.at - b.at);
    if (first === undefined) return;
    this.#sleepers = this.#sleepers.filter((s) => s !== first);
    this.#now = first.at;
    first.wake();
  }
}

/** Lets everything run that waits for no clock. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
}

/** For tests that meet real sockets: its sleeps never end, so no deadline passes. */
export const stillClock: Clock = {
  now: () => 0,
  sleep: (_ms, signal) =>
    new Promise((_, reject) => signal?.addEventListener("abort", () => reject(signal.reason), { once: true })),
};
