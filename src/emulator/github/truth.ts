import { type Instant, MINUTE } from "../../domain/time.ts";
import type { AuditRecord, RecordChange } from "../audit.ts";

/** What really happened to a job, whatever anybody was told. */
export interface JobTruth {
  readonly job: number;
  readonly queued: number;
  readonly begun: number;
  readonly finished: number;
  readonly cancelled: number;
  /** Its runner went away while it ran. */
  readonly killed: number;
  /** Given to a runner that was gone. */
  readonly inVain: number;
  /** Ids of the runners on which it began, in order. */
  readonly runners: readonly number[];
}

export interface RunnerTruth {
  readonly runner: number;
  readonly name: string;
  readonly scope: string;
  readonly kind: "jit" | "token";
  readonly madeAt: Instant;
  readonly gone: { readonly at: Instant; readonly what: RecordChange } | null;
  /** Sessions that were opened with its credential, and those that were not. */
  readonly sessions: number;
  readonly turnedAway: number;
  /** Attempts to use its JIT config once more. */
  readonly usedAgain: number;
  readonly vmids: readonly number[];
  /** Jobs that began on it, in order. */
  readonly jobs: readonly number[];
}

export interface Truth {
  readonly jobs: ReadonlyMap<number, JobTruth>;
  readonly runners: ReadonlyMap<number, RunnerTruth>;
  readonly mints: { readonly total: number; readonly mostAMinute: number };
  readonly overdrawn: { readonly primary: number; readonly secondary: number };
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends readonly number[] ? number[] : T[K] };

const counters = {
  queued: "queued",
  started: "begun",
  completed: "finished",
  cancelled: "cancelled",
  killed: "killed",
} as const;

/** Everything recomputed from the audit's lines, as they come. */
export function createTruth(): { readonly truth: Truth; hear(record: AuditRecord): void } {
  const jobs = new Map<number, Writable<JobTruth>>();
  const runners = new Map<number, Writable<RunnerTruth>>();
  const mints = { total: 0, mostAMinute: 0 };
  const overdrawn = { primary: 0, secondary: 0 };
  let recent: Instant[] = [];

  function ofJob(job: number): Writable<JobTruth> {
    const known = jobs.get(job);
    if (known !== undefined) return known;
    const fresh = { job, queued: 0, begun: 0, finished: 0, cancelled: 0, killed: 0, inVain: 0, runners: [] };
    jobs.set(job, fresh);
    return fresh;
  }

  function hearMint(at: Instant): void {
    recent = [...recent.filter((before) => before > at - MINUTE), at];
    mints.total += 1;
    mints.mostAMinute = Math.max(mints.mostAMinute, recent.length);
  }

  function hearRecord(record: Extract<AuditRecord, { event: "record" }>): void {
    const { at, what, runnerId, runner: name, scope, kind } = record;
    const known = runners.get(runnerId);
    if (known !== undefined) {
      known.gone = { at, what };
      return;
    }
    const nothing = { gone: null, sessions: 0, turnedAway: 0, usedAgain: 0, vmids: [], jobs: [] };
    runners.set(runnerId, { runner: runnerId, name, scope, kind, madeAt: at, ...nothing });
  }

  function hearSession({ what, again, runnerId, vmid }: Extract<AuditRecord, { event: "session" }>): void {
    const runner = runnerId === null ? undefined : runners.get(runnerId);
    if (runner === undefined || what === "ended") return;
    if (what === "opened") runner.sessions += 1;
    else runner.turnedAway += 1;
    if (again) runner.usedAgain += 1;
    if (vmid !== null && !runner.vmids.includes(vmid)) runner.vmids.push(vmid);
  }

  function hearJob({ what, job, runnerId }: Extract<AuditRecord, { event: "job" }>): void {
    const told = ofJob(job);
    told[counters[what]] += 1;
    if (what !== "started" || runnerId === undefined) return;
    told.runners.push(runnerId);
    runners.get(runnerId)?.jobs.push(job);
  }

  return {
    truth: { jobs, runners, mints, overdrawn },

    hear(record) {
      if (record.event === "record") hearRecord(record);
      else if (record.event === "session") hearSession(record);
      else if (record.event === "job") hearJob(record);
      else if (record.event === "handout") ofJob(record.job).inVain += 1;
      else if (record.event === "overdrawn") overdrawn[record.limit] += 1;
      else if (record.event === "github" && record.status === 201 && record.path.endsWith("/generate-jitconfig")) {
        hearMint(record.at);
      }
    },
  };
}

export function truthOf(records: readonly AuditRecord[]): Truth {
  const { truth, hear } = createTruth();
  for (const record of records) hear(record);
  return truth;
}
