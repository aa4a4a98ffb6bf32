import type { Links } from "./links.ts";
import { aggregate, type Run } from "./state.ts";
import { showRun } from "./wire-runs.ts";

/** A run as JSON: put together once for each state that it comes to. */
export interface RunText {
  /** Differs whenever the text does. */
  readonly version: string;
  readonly json: () => string;
}

/** Long lists of runs are what is asked for most, and few of the runs in them have changed. */
export function createRunTexts(): (run: Run, links: Links, least: boolean) => RunText {
  const known = new WeakMap<Run, { readonly version: string; readonly json: string }>();
  return (run, links, least) => {
    const { status, conclusion } = aggregate(run, least);
    const version = `${run.id} ${run.attempt} ${status} ${conclusion} ${run.updatedAt} ${run.startedAt} ${links.api}`;
    const json = (): string => {
      const before = known.get(run);
      if (before?.version === version) return before.json;
      const now = { version, json: JSON.stringify(showRun(run, links, least)) };
      known.set(run, now);
      return now.json;
    };
    return { version, json };
  };
}
