import type { Chance } from "../../domain/naming.ts";
import { HOUR, type Ms, SECOND } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { WorldTime } from "../time.ts";
import { createRuns } from "./runs.ts";
import type { Arrival, GithubSpec } from "./spec.ts";
import { admits, type Conclusion, fits, type Job, type Repository, type Run, type Runner } from "./state.ts";

/** A runner that is online and has nothing to do. */
export interface Idler {
  readonly runner: Runner;
  readonly vmid: number | null;
  /** Its machine is gone, which GitHub has not noticed: what is handed to it is not picked up. */
  gone(): boolean;
  take(job: Job): void;
  /** The job that it did not pick up is another's. */
  forgo(job: Job): void;
}

/** All jobs, and who gets which: any idle runner may take any job that fits. */
export interface Board {
  readonly jobs: ReadonlyMap<number, Job>;
  readonly runs: ReadonlyMap<number, Run>;
  /** How many jobs are not completed. */
  open(): number;
  /** One run with so many jobs, queued at once unless they are held. */
  add(repository: Repository, arrival: Arrival, jobs: number): readonly Job[];
  /** The next attempt; empty where GitHub would refuse. */
  rerun(run: number, which: "all" | "failed"): readonly Job[];
  /** Approved, or let through: a held job is queued. False when it is not held. */
  release(id: number): boolean;
  /** A held job that nobody lets through fails. */
  reject(id: number): boolean;
  offer(idler: Idler): void;
  withdraw(idler: Idler): void;
  complete(job: Job, conclusion: Conclusion): void;
  /** False when the job is over or unknown. */
  cancel(id: number): boolean;
  /** The job's runner went away: GitHub notices when the lease is not renewed. */
  lose(job: Job): void;
}

/** GitHub gives up a job that no runner took. */
export const longestQueue = 24 * HOUR;
/** A job that was handed out and not picked up goes back to the queue. */
const pickUp = 60 * SECOND;

export interface BoardOptions {
  readonly time: WorldTime;
  readonly chance: Chance;
  readonly audit: Audit;
  readonly lease: Pick<GithubSpec, "leaseMs" | "leaseSpreadMs">;
  /** Hears of a running job that ended by another hand than its runner's. */
  readonly over: (job: Job) => void;
}

export function createBoard({ time, chance, audit, lease, over }: BoardOptions): Board {
  const { jobs, runs, begin: beginRun, again } = createRuns(() => time.now());
  /** In the order of their coming, both. */
  const waiting = new Set<Job>();
  const idle = new Set<Idler>();
  const killed = new Set<Job>();
  const givingUp = new Map<Job, () => void>();
  let unfinished = 0;

  function tell(what: "queued" | "started" | "completed" | "killed" | "cancelled", job: Job): void {
    const { runner } = job;
    const id = runner === null ? {} : { runnerId: runner.id };
    audit({ event: "job", what, job: job.id, runner: runner?.name ?? null, vmid: runner?.vmid ?? null, ...id });
  }

  function touch(job: Job): void {
    job.run.updatedAt = time.now();
  }

  function hand(job: Job, idler: Idler): void {
    waiting.delete(job);
    idle.delete(idler);
    const { runner } = idler;
    if (idler.gone()) {
      handInVain(job, idler);
      return;
    }
    givingUp.get(job)?.();
    job.status = "in_progress";
    job.startedAt = time.now();
    job.runner = {
      id: runner.id,
      name: runner.name,
      groupId: runner.group.id,
      groupName: runner.group.name,
      vmid: idler.vmid,
    };
    touch(job);
    tell("started", job);
    idler.take(job);
  }

  function handInVain(job: Job, idler: Idler): void {
    audit({ event: "handout", job: job.id, runnerId: idler.runner.id, runner: idler.runner.name });
    idler.take(job);
    time.after(pickUp, () => {
      idler.forgo(job);
      if (job.status === "queued") queue([job]);
    });
  }

  function enqueue(fresh: readonly Job[]): void {
    for (const job of fresh) {
      job.status = "queued";
      givingUp.set(
        job,
        time.after(longestQueue, () => cancel(job.id)),
      );
      tell("queued", job);
    }
    queue(fresh);
  }

  /** Only after the whole run stands: whoever takes a job may look at its siblings. */
  function queue(ready: readonly Job[]): void {
    for (const job of ready) waiting.add(job);
    for (const job of ready) {
      const taker = waiting.has(job) ? [...idle].find((idler) => suits(idler, job)) : undefined;
      if (taker !== undefined) hand(job, taker);
    }
  }

  function end(job: Job, conclusion: Conclusion): void {
    givingUp.get(job)?.();
    givingUp.delete(job);
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
    if (ran) over(job);
    return true;
  }

  const held = (id: number): Job | null => {
    const job = jobs.get(id);
    return job !== undefined && holds.has(job.status) ? job : null;
  };

  function release(id: number): boolean {
    const job = held(id);
    if (job === null) return false;
    touch(job);
    enqueue([job]);
    return true;
  }

  return {
    jobs,
    runs,
    open: () => unfinished,

    add(repository, arrival, count) {
      const run = beginRun(repository, arrival, count);
      unfinished += count;
      const fresh = [...run.jobs];
      const { held: hold, heldMs } = arrival;
      if (hold === null) enqueue(fresh);
      else for (const job of fresh) holdBack(job, hold, heldMs);
      return run.jobs;
    },

    rerun(id, which) {
      const run = runs.get(id);
      const fresh = run === undefined ? [] : again(run, which);
      unfinished += fresh.length;
      enqueue(fresh);
      return fresh;
    },

    release,

    reject(id) {
      const job = held(id);
      if (job === null) return false;
      end(job, "failure");
      tell("completed", job);
      return true;
    },

    offer(idler) {
      idle.add(idler);
      const job = [...waiting].find((waits) => suits(idler, waits));
      if (job !== undefined) hand(job, idler);
    },

    withdraw: (idler) => void idle.delete(idler),

    complete(job, conclusion) {
      end(job, conclusion);
      tell("completed", job);
    },

    cancel,

    lose(job) {
      killed.add(job);
      tell("killed", job);
      const { leaseMs, leaseSpreadMs } = lease;
      time.after(leaseMs + (leaseSpreadMs === 0 ? 0 : chance.below(leaseSpreadMs + 1)), () => {
        if (job.status === "completed") return;
        end(job, "failure");
        over(job);
      });
    },
  };

  function holdBack(job: Job, hold: NonNullable<Arrival["held"]>, ms: Ms | null): void {
    job.status = hold;
    if (ms !== null) time.after(ms, () => release(job.id));
  }
}

const holds: ReadonlySet<Job["status"]> = new Set(["requested", "pending", "waiting"]);
const suits = (idler: Idler, job: Job): boolean => admits(idler.runner, job.run.repository) && fits(idler.runner, job);
