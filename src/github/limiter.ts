import { type Clock, type Instant, MINUTE, type Ms } from "../domain/time.ts";
import { rateLimited } from "./errors.ts";

interface Waiting {
  readonly start: () => void;
  readonly refuse: (error: unknown) => void;
}

export interface Limits {
  readonly clock: Clock;
  readonly atOnce: number;
  readonly perMinute: number;
  /** How long GitHub wants us to be quiet. */
  readonly pausedFor: () => Ms;
}

/** Calls for runner credentials, in the order in which they came. A whole minute's allowance may go at once. */
export class Limiter {
  readonly #limits: Limits;
  readonly #queue: Waiting[] = [];
  #running = 0;
  /** When the calls of the last minute ended: GitHub saw each of them before that, so no minute of its own sees more. */
  #ends: readonly Instant[] = [];
  #alarm: AbortController | null = null;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#turn(signal);
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#ends = [...this.#ends, this.#limits.clock.now()];
      this.#admit();
    }
  }

  #turn(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#queue.splice(this.#queue.indexOf(waiting), 1);
        reject(signal.reason);
        this.#admit();
      };
      const waiting: Waiting = {
        start: () => {
          signal.removeEventListener("abort", leave);
          this.#running += 1;
          resolve();
        },
        refuse: (error) => {
          signal.removeEventListener("abort", leave);
          reject(error);
        },
      };
      if (signal.aborted) return reject(signal.reason);
      signal.addEventListener("abort", leave, { once: true });
      this.#queue.push(waiting);
      this.#admit();
    });
  }

  #admit(): void {
    this.#alarm?.abort();
    this.#alarm = null;
    const { clock, atOnce, perMinute, pausedFor } = this.#limits;
    const now = clock.now();
    this.#ends = this.#ends.filter((end) => now - end <= MINUTE);
    const paused = pausedFor();
    if (paused > patience) {
      for (const waiting of this.#queue.splice(0)) waiting.refuse(rateLimited("mint a runner credential", paused));
      return;
    }
    while (this.#queue.length > 0 && paused === 0 && this.#running < atOnce) {
      if (this.#running + this.#ends.length >= perMinute) break;
      this.#queue.shift()?.start();
    }
    if (this.#queue.length === 0) return;
    const oldest = this.#ends[0];
    const full = this.#running + this.#ends.length >= perMinute && oldest !== undefined;
    if (paused > 0) this.#wake(paused);
    else if (full) this.#wake(oldest + MINUTE + 1 - now);
  }

  #wake(after: Ms): void {
    const alarm = new AbortController();
    this.#alarm = alarm;
    this.#limits.clock.sleep(after, alarm.signal).then(
      () => this.#admit(),
      () => {},
    );
  }
}

/** Longer than this, the guest that waits for its credential had better be given up. */
const patience: Ms = 2 * MINUTE;
