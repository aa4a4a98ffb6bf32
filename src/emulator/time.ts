import type { Instant, Ms } from "../domain/time.ts";

/** The world's own time: nothing in the emulator reads a clock or sets a timer in any other way. */
export interface WorldTime {
  now(): Instant;
  /** Runs `work` once, after a lifelike duration. Returns how to call it off. */
  after(ms: Ms, work: () => void): () => void;
}

/** The wall clock, with durations passing `speed` times faster than life. Its timers keep no process alive. */
export function wallTime(speed: number): WorldTime {
  return {
    now: () => Date.now(),
    after(ms, work) {
      const timer = setTimeout(work, ms / speed);
      timer.unref();
      return () => clearTimeout(timer);
    },
  };
}

export const pause = (time: WorldTime, ms: Ms): Promise<void> => new Promise((resolve) => time.after(ms, resolve));
