import { type Instant, MINUTE } from "../domain/time.ts";
import { isOpen, isWaiting } from "./jobs.ts";
import type { Pace } from "./pace.ts";
import type { ReadStamp } from "./stamps.ts";
import type { WireJob, WireRun } from "./wire.ts";

/** What the newest run list says of a run. `unlisted`: too old for its first page. */
export type Standing = "open" | "completed" | "unlisted";

/** A run whose jobs we follow until they are all over. */
export interface Tracked {
  readonly id: number;
  readonly event: string;
  readonly refused: string | null;
  readonly standing: Standing;
  readonly updated: string;
  readonly jobs: readonly WireJob[];
  /** Its jobs are asked for in the first pass from then on. */
  readonly due: Instant;
  /** Since when all its jobs are over, or none has appeared yet. */
  readonly quietSince: Instant | null;
}

/** A run as a list shows it now. Any change in it is a reason to look at its jobs at once. */
export function sighted(
  before: Tracked | undefined,
  run: WireRun,
  seen: { readonly standing: Standing; readonly refused: string | null },
): Tracked {
  const { id, event } = run;
  const fresh: Tracked = { id, event, ...seen, updated: run.updated_at, jobs: [], due: 0, quietSince: null };
  if (before === undefined) return fresh;
  const unchanged = before.updated === run.updated_at && before.standing === seen.standing;
  return { ...before, ...seen, updated: run.updated_at, due: unchanged ? before.due : 0 };
}

/** The run after its jobs were read; null when it is over. */
export function withJobs(
  run: Tracked,
  jobs: readonly WireJob[],
  now: Instant,
  pace: Pace,
  read: ReadStamp = Date.parse,
): Tracked | null {
  if (jobs.some((job) => isWaiting(job, now, read))) return { ...run, jobs, due: now, quietSince: null };
  const later = now + pace.running;
  if (jobs.some(isOpen)) return { ...run, jobs, due: later, quietSince: null };
  // Between two jobs of which one needs the other, a run shows none that is open.
  const quietSince = run.quietSince ?? now;
  const patience = { open: Number.POSITIVE_INFINITY, unlisted: lingering, completed: 0 } satisfies Record<
    Standing,
    number
  >;
  if (now - quietSince >= patience[run.standing]) return null;
  return { ...run, jobs, quietSince, due: now - quietSince < lingering ? now : later };
}

const lingering = MINUTE;
