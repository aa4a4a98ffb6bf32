import { type Instant, MINUTE } from "../../domain/time.ts";
import type { Runner } from "./state.ts";

/** What a list says of a runner beside what never changes. */
export interface Seen {
  readonly online: boolean;
  readonly busy: boolean;
  readonly connected: boolean;
}

/** How runners looked a while ago: what a list shows that lags behind. */
export interface Past {
  /** Told after each change. */
  note(runner: Runner, present: boolean): void;
  /** All records that there were then. */
  at(then: Instant): ReadonlyMap<Runner, Seen>;
}

/** No list lags longer. */
export const longestLag = 30 * MINUTE;

export const seenOf = ({ online, job, connected }: Runner): Seen => ({ online, busy: job !== null, connected });

export function createPast(now: () => Instant): Past {
  const views = new Map<Runner, { readonly at: Instant; readonly seen: Seen | null }[]>();
  /** In the order of their going. */
  const gone = new Map<Runner, Instant>();

  function forget(): void {
    for (const [runner, at] of gone) {
      if (at >= now() - longestLag) return;
      gone.delete(runner);
      views.delete(runner);
    }
  }

  return {
    note(runner, present) {
      forget();
      const known = views.get(runner) ?? [];
      const needed = known.findLastIndex(({ at }) => at <= now() - longestLag);
      views.set(runner, [...known.slice(Math.max(0, needed)), { at: now(), seen: present ? seenOf(runner) : null }]);
      if (!present) gone.set(runner, now());
    },

    at(then) {
      const found = [...views].flatMap(([runner, known]): [Runner, Seen][] => {
        const seen = known.findLast(({ at }) => at <= then)?.seen ?? null;
        return seen === null ? [] : [[runner, seen]];
      });
      return new Map(found);
    },
  };
}
