import { forecastOf } from "./forecast.ts";
import { type RunReport, runSeed } from "./run.ts";
import type { Invariant } from "./verdicts.ts";

export interface Shrunk {
  readonly only: readonly number[];
  readonly report: RunReport;
  readonly tries: number;
}

/** The fewest pieces of weather with which the same invariant still fails, as far as so many tries go. */
export async function shrink(
  order: { readonly seed: number; readonly hours: number; readonly realGuests: boolean },
  invariant: Invariant,
  start: ReadonlySet<number> | null,
  tries = 60,
): Promise<Shrunk | null> {
  let done = 0;
  const failing = async (ids: readonly number[]): Promise<RunReport | null> => {
    done += 1;
    const report = await runSeed({ ...order, only: new Set(ids), untilFirst: true });
    return report.violations.some((violation) => violation.invariant === invariant) ? report : null;
  };
  let ids = forecastOf(order.seed, order.hours).map(({ id }) => id);
  if (start !== null) ids = ids.filter((id) => start.has(id));
  let report = await failing(ids);
  if (report === null) return null;
  // Halves first, then smaller and smaller parts are left out.
  for (let parts = 2; parts <= ids.length && done < tries; ) {
    const size = Math.ceil(ids.length / parts);
    let smaller: readonly number[] | null = null;
    for (let from = 0; from < ids.length && done < tries && smaller === null; from += size) {
      const rest = [...ids.slice(0, from), ...ids.slice(from + size)];
      const found = await failing(rest);
      if (found === null) continue;
      smaller = rest;
      report = found;
    }
    if (smaller !== null) {
      ids = [...smaller];
      parts = Math.max(2, parts - 1);
    } else if (parts >= ids.length) break;
    else parts = Math.min(ids.length, parts * 2);
  }
  return { only: ids, report, tries: done };
}
