import type { JobId } from "../domain/ids.ts";
import type { JobView } from "../domain/observation.ts";
import type { RunnerPool } from "../domain/pool.ts";
import { fits } from "../domain/runners/labels.ts";
import { type Clock, HOUR, spell } from "../domain/time.ts";
import { longestWait } from "./jobs.ts";
import type { Notice } from "./notices.ts";

/** Warns once of each job of ours that GitHub will soon fail because no runner came. */
export function createWaitWarnings(
  pools: readonly RunnerPool[],
  clock: Clock,
  tell: (notice: Notice) => void,
): (jobs: readonly JobView[]) => void {
  let warned: ReadonlySet<JobId> = new Set();
  return (jobs) => {
    const late = jobs.filter(
      (job) =>
        job.status === "queued" &&
        clock.now() - job.createdAt >= longestWait - HOUR &&
        pools.some((pool) => fits(job.labels, pool.labels)),
    );
    for (const job of late.filter(({ id }) => !warned.has(id))) {
      const waited = spell(clock.now() - job.createdAt);
      const why = job.refused === null ? "" : `; it is refused, as ${job.refused}`;
      const text = `job ${job.id} (${job.name}) of ${job.repository}: it has waited ${waited}, and GitHub fails it after ${spell(longestWait)}${why}`;
      tell({ level: "warn", text });
    }
    warned = new Set(late.map(({ id }) => id));
  };
}
