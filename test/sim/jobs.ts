import { type Instant, MINUTE, type Ms, spell } from "../../src/domain/time.ts";
import type { GithubEmulator } from "../../src/emulator/github/github.ts";
import type { Job } from "../../src/emulator/github/state.ts";
import type { Ledger } from "./ledger.ts";
import { eligibleName, type Setting } from "./setting.ts";
import type { Verdicts } from "./verdicts.ts";

export type JobEvent = "queued" | "started" | "completed" | "killed" | "cancelled";

/** How jobs end is told apart by whose doing it was. */
export interface JobEnds {
  completed: number;
  cancelled: number;
  /** Their guests were stopped at the hard lifetime. */
  overdue: number;
  /** Operators, or the guests themselves, ended them. */
  lost: number;
}

/** All jobs, as the pretended GitHub tells of them. */
export class Jobs {
  readonly ends: JobEnds = { completed: 0, cancelled: 0, overdue: 0, lost: 0 };
  queued = 0;
  /** How many of them must be served. */
  eligible = 0;
  readonly #cancelled = new Set<number>();
  readonly #setting: Setting;
  readonly #verdicts: Verdicts;
  readonly #ledger: Ledger;
  readonly #now: () => Instant;

  constructor(setting: Setting, verdicts: Verdicts, ledger: Ledger, now: () => Instant) {
    this.#setting = setting;
    this.#verdicts = verdicts;
    this.#ledger = ledger;
    this.#now = now;
  }

  /** Somebody does not want it any more. */
  cancel(github: GithubEmulator, job: number): void {
    if (github.cancelJob(job)) this.#cancelled.add(job);
  }

  /** Those that should have been completed and were not. */
  open(github: GithubEmulator): readonly Job[] {
    return [...github.state.jobs.values()].filter(
      (job) => job.name.startsWith(eligibleName) && !this.#cancelled.has(job.id) && !isServed(job),
    );
  }

  /** How long one runner alone would need for all that waits. */
  waitingWork(github: GithubEmulator): Ms {
    const waiting = this.open(github).filter(({ status }) => status === "queued");
    const { longestHardLifetime } = this.#setting;
    return waiting.reduce((sum, { durationMs }) => sum + Math.min(durationMs, longestHardLifetime) + 5 * MINUTE, 0);
  }

  hears(what: JobEvent, job: Job, vmid: number | null): void {
    if (what === "queued") {
      this.queued += 1;
      if (job.name.startsWith(eligibleName)) this.eligible += 1;
    }
    if (what === "completed" || what === "cancelled") this.ends[what] += 1;
    if (vmid === null) return;
    const entry = this.#ledger.at(vmid);
    if (entry === undefined) return;
    if (what === "started") {
      entry.jobs += 1;
      this.#verdicts.require(
        "a guest serves one job at most",
        entry.jobs === 1,
        () => `guest ${vmid}: job ${job.id} is its ${entry.jobs}.`,
      );
    }
    const rule = "no running job killed before its hard lifetime";
    if (what === "completed") this.#verdicts.exercise(rule);
    if (what !== "killed") return;
    if (entry.excuse !== null) {
      this.ends.lost += 1;
      return;
    }
    const ran = this.#now() - (job.startedAt ?? this.#now());
    const limit = this.#hardLifetime(entry.pool);
    this.ends.overdue += 1;
    const by = entry.stoppedBy === null ? "nobody knows whom" : `life ${entry.stoppedBy.life}`;
    this.#verdicts.require(
      rule,
      entry.stoppedBy !== null && ran >= limit,
      () => `job ${job.id} on ${vmid} by ${by} after ${spell(ran)} of ${spell(limit)}`,
    );
  }

  #hardLifetime(pool: string | null): Ms {
    return this.#setting.config.pools.find(({ name }) => name === pool)?.hardLifetime ?? Number.POSITIVE_INFINITY;
  }
}

/** GitHub itself cancels what has run for six hours, but also what has waited for a day: that one nobody served. */
const isServed = ({ status, conclusion, startedAt }: Job): boolean =>
  status === "completed" && (conclusion !== "cancelled" || startedAt !== null);
