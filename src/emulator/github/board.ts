import { HOUR, MINUTE } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { WorldTime } from "../time.ts";
import type { Arrival } from "./spec.ts";
import { admits, type Conclusion, fits, type Job, type Repository, type Run, type Runner } from "./state.ts";

/** A runner that is online and has nothing to do. */
export interface Idler {
  readonly runner: Runner;
  readonly vmid: number | null;
  take(job: Job): void;
}

/** All jobs, and who gets which: any idle runner may take any job that fits. */
export interface Board {
  readonly jobs: ReadonlyMap<number, Job>;
  readonly runs: ReadonlyMap<number, Run>;
  /** How many jobs are not completed. */
  open(): number;
  /** One run with so many jobs, queued at once. */
  add(repository: Repository, arrival: Arrival, jobs: number): readonly Job[];
  offer(idler: Idler): void;
  withdraw(idler: Idler): void;
  complete(job: Job, conclusion: Conclusion): void;
  /** False when the job is over or unknown. */
  cancel(id: number): boolean;
  /** The job's runner went away: GitHub notices when the lease is not renewed. */
  lose(job: Job): void;
}

/** A job's lease is valid this long after its last renewal. */
export const lease = 10 * MINUTE;
/** GitHub gives up a job that no runner took. */
export const longestQueue = 24 * HOUR;

/** `over` hears of a running job that ended by another hand than its runner's. */
export function createBoard(options: { time: WorldTime; audit: Audit; over: (job: Job) => void }): Board {
  const { time, audit } = options;
  const jobs = new Map<number, Job>();
  const runs = new Map<number, Run>();
  /** In the order of their coming, both. */
  const waiting = new Map<Job, () => void>();
  const idle = new Set<Idler>();
  const killed = new Set<Job>();
  let unfinished = 0;

  function tell(what: "queued" | "started" | "completed" | "killed" | "cancelled", job: Job): void {
    const { runner } = job;
    audit({ event: "job", what, job: job.id, runner: runner?.name ?? null, vmid: runner?.vmid ?? null });
  }

  function begin(job: Job, idler: Idler): void {
    waiting.get(job)?.();
    waiting.delete(job);
    idle.delete(idler);
    const { runner } = idler;
    job.status = "in_progress";
    job.startedAt = time.now();
    job.runner = {
      id: runner.id,
      name: runner.name,
      groupId: runner.group.id,
      groupName: runner.group.name,
      vmid: idler.vmid,
    };
    runner.job = job;
    touch(job);
    tell("started", job);
    idler.take(job);
  }

  function touch(job: Job): void {
    job.run.updatedAt = time.now();
  }

  function end(job: Job, conclusion: Conclusion): void {
    waiting.get(job)?.();
    waiting.delete(job);
    unfinished -= 1;
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = time.now();
    touch(job);
  }

  function cancel(id: number): boolean {
    const job = jobs.get(id);
    if (job === undefined || job.status === "completed") return false;
    const ran = job.status === "in_progress";
    end(job, "cancelled");
    // A job has one last word in the audit.
    if (!killed.has(job)) tell("cancelled", job);
    if (ran) options.over(job);
    return true;
  }

  return {
    jobs,
    runs,
    open: () => unfinished,

    add(repository, arrival, count) {
      const now = time.now();
      const run: Run = {
        id: 30_433_642 + runs.size,
        number: repository.runs.length + 1,
        repository,
        event: arrival.event,
        fork: arrival.fork,
        createdAt: now,
        updatedAt: now,
        jobs: [],
      };
      runs.set(run.id, run);
      repository.runs.push(run);
      for (let n = 1; n <= count; n++) {
        const job: Job = {
          id: 399_444_496 + jobs.size,
          run,
          name: count === 1 ? arrival.name : `${arrival.name} (${n})`,
          labels: arrival.labels,
          durationMs: arrival.durationMs,
          outcome: arrival.outcome,
          createdAt: now,
          status: "queued",
          conclusion: null,
          startedAt: null,
          completedAt: null,
          runner: null,
        };
        unfinished += 1;
        jobs.set(job.id, job);
        run.jobs.push(job);
        waiting.set(
          job,
          time.after(longestQueue, () => cancel(job.id)),
        );
        tell("queued", job);
      }
      // Only after the whole run stands: whoever takes a job may look at its siblings.
      for (const job of [...run.jobs]) {
        const taker = [...idle].find((idler) => suits(idler, job));
        if (taker !== undefined) begin(job, taker);
      }
      return run.jobs;
    },

    offer(idler) {
      idle.add(idler);
      for (const job of waiting.keys()) {
        if (suits(idler, job)) return begin(job, idler);
      }
    },

    withdraw(idler) {
      idle.delete(idler);
    },

    complete(job, conclusion) {
      end(job, conclusion);
      tell("completed", job);
    },

    cancel,

    lose(job) {
      killed.add(job);
      tell("killed", job);
      time.after(lease, () => {
        if (job.status === "completed") return;
        end(job, "failure");
        options.over(job);
      });
    },
  };
}

const suits = (idler: Idler, job: Job): boolean => admits(idler.runner, job.run.repository) && fits(idler.runner, job);
