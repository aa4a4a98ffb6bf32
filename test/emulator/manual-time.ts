import { setImmediate } from "node:timers/promises";
import type { Instant, Ms } from "../../src/domain/time.ts";
import type { WorldTime } from "../../src/emulator/time.ts";

/** A world whose time passes only when a test says so. */
export interface ManualTime extends WorldTime {
  /** Runs what falls due, in order, letting everything that follows from it happen. */
  pass(ms: Ms): Promise<void>;
}

export function manualTime(start: Instant = Date.parse("2026-11-21T08:00:00Z")): ManualTime {
  let now = start;
  let order = 0;
  const due = new Map<number, { at: Instant; work: () => void }>();

  return {
    now: () => now,

    after(ms, work) {
      order += 1;
      const id = order;
      due.set(id, { at: now + ms, work });
      return () => void due.delete(id);
    },

    async pass(ms) {
      const until = now + ms;
      await setImmediate();
      for (;;) {
        const next = [...due]
          .filter(([, timer]) => timer.at <= until)
          .sort(([i, a], [j, b]) => a.at - b.at || i - j)[0];
        if (next === undefined) break;
        const [id, timer] = next;
        due.delete(id);
        now = timer.at;
        timer.work();
        await setImmediate();
      }
      now = until;
    },
  };
}

/** The same numbers in each run. */
export function seededChance(seed = 1): { below(limit: number): number } {
  let state = seed;
  return {
    below(limit) {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return Math.floor((state / 2 ** 32) * limit);
    },
  };
}
