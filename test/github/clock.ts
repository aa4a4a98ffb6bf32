import type { Clock, Instant, Ms } from "../../src/domain/time.ts";

export const start: Instant = Date.parse("2026-11-21T12:00:00Z");

/** Time passes only when a test says so. */
export class TestClock implements Clock {
  #now: Instant = start;
  readonly #sleepers = new Set<{ readonly at: Instant; readonly wake: () => void }>();

  now(): Instant {
    return this.#now;
  }

  sleep(ms: Ms, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const leave = () => {
        this.#sleepers.delete(sleeper);
        reject(signal?.reason);
      };
      const wake = () => {
        signal?.removeEventListener("abort", leave);
        resolve();
      };
      const sleeper = { at: this.#now + ms, wake };
      signal?.addEventListener("abort", leave, { once: true });
      this.#sleepers.add(sleeper);
    });
  }

  async advance(ms: Ms): Promise<void> {
    const end = this.#now + ms;
    for (;;) {
      await quiet();
      const next = [...this.#sleepers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (next === undefined) break;
      this.#sleepers.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = end;
  }
}

/** Lets everything that is ready run. */
export async function quiet(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
}
