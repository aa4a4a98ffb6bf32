import type { Instant } from "../../domain/time.ts";
import type { Arrival } from "./spec.ts";
import type { Job, Repository, Run } from "./state.ts";

/** Makes runs and jobs with the numbers that they keep. */
export interface Runs {
  readonly jobs: ReadonlyMap<number, Job>;
  readonly runs: ReadonlyMap<number, Run>;
  begin(repository: Repository, arrival: Arrival, jobs: number): Run;
  /** The next attempt at a run that is over: the same jobs under new ids. Empty where GitHub would refuse. */
  again(run: Run, which: "all" | "failed"): readonly Job[];
}

/** GitHub re-runs what is not older than this, and not more often. */
const oldest = 30 * 24 * 60 * 60 * 1_000;
const attempts = 50;

export function createRuns(now: () => Instant): Runs {
  const jobs = new Map<number, Job>();
  const runs = new Map<number, Run>();

  type Wish = Pick<Job, "name" | "labels" | "durationMs" | "timeoutMs" | "outcome">;

  function add(run: Run, { name, labels, durationMs, timeoutMs, outcome }: Wish): Job {
    const job: Job = {
      id: 399_444_496 + jobs.size,
      run,
      attempt: run.attempt,
      name,
      labels,
      durationMs,
      timeoutMs,
      outcome,
      createdAt: now(),
      status: "queued",
      conclusion: null,
      superseded: false,
      startedAt: null,
      completedAt: null,
      runner: null,
    };
    jobs.set(job.id, job);
    run.jobs.push(job);
    return job;
  }

  return {
    jobs,
    runs,

    begin(repository, arrival, count) {
      const run: Run = {
        id: 30_433_642 + runs.size,
        number: repository.runs.length + 1,
        repository,
        event: arrival.event,
        fork: arrival.fork,
        createdAt: now(),
        updatedAt: now(),
        attempt: 1,
        startedAt: now(),
        jobs: [],
      };
      runs.set(run.id, run);
      repository.runs.push(run);
      for (let n = 1; n <= count; n++) {
        add(run, { ...arrival, name: count === 1 ? arrival.name : `${arrival.name} (${n})` });
      }
      return run;
    },

    again(run, which) {
      const current = run.jobs.filter((job) => !job.superseded);
      if (current.some((job) => job.status !== "completed")) return [];
      if (now() - run.createdAt > oldest || run.attempt > attempts) return [];
      const chosen = current.filter((job) => which === "all" || job.conclusion !== "success");
      if (chosen.length === 0) return [];
      run.attempt += 1;
      run.startedAt = now();
      run.updatedAt = now();
      return chosen.map((job) => {
        job.superseded = true;
        return add(run, job);
      });
    },
  };
}
