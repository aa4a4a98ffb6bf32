import { hasCode, messageOf } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/ids.ts";
import type { Chance } from "../domain/naming.ts";
import type { JobView } from "../domain/observation.ts";
import { type Clock, type Instant, MINUTE, type Ms } from "../domain/time.ts";
import { listJobs, viewOf } from "./jobs.ts";
import type { Notify } from "./notices.ts";
import { activeFor, type Pace } from "./pace.ts";
import { type Policy, refusalOf } from "./policy.ts";
import type { Reader } from "./reader.ts";
import { isUnfinished, newestRuns, unfinishedRuns } from "./runs.ts";
import type { ReadStamp } from "./stamps.ts";
import { together } from "./together.ts";
import { type Standing, sighted, type Tracked, withJobs } from "./tracked.ts";
import type { WireRun } from "./wire.ts";

export interface Surroundings {
  readonly reader: Reader;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly pace: Pace;
  readonly policy: Policy;
  readonly notify: Notify;
  readonly read: ReadStamp;
}

/** One polled repository: what we know of its runs, and when it is asked again. */
export class WatchedRepository {
  readonly name: RepositoryName;
  readonly #around: Surroundings;
  readonly #runs = new Map<number, Tracked>();
  #listing = "";
  #listedAt: Instant | null = null;
  #activeAt: Instant = Number.NEGATIVE_INFINITY;
  #nextList: Instant = 0;
  #nextSweep: Instant;

  constructor(name: RepositoryName, around: Surroundings) {
    this.name = name;
    this.#around = around;
    const { pace, clock, chance } = around;
    this.#nextSweep = clock.now() + (pace.spread ? chance.below(pace.sweep) : 0);
  }

  /** Asks what is due, and says which jobs wait or run. Throws when that is not known at present. */
  async look(signal: AbortSignal): Promise<readonly JobView[]> {
    const now = this.#around.clock.now();
    try {
      if (now >= this.#nextList || now - this.#activeAt < activeFor) await this.#list(now, signal);
      if (now >= this.#nextSweep) await this.#sweep(now, signal);
      const due = [...this.#runs.values()].filter((run) => run.due <= now);
      await together(due.map((run) => this.#readJobs(run, now, signal)));
    } catch (error) {
      this.#nextList = now;
      throw error;
    }
    return this.#views(now);
  }

  async #list(now: Instant, signal: AbortSignal): Promise<void> {
    const { reader, pace, chance } = this.#around;
    const runs = await newestRuns(reader, this.name, signal);
    const listed = new Set(runs.map(({ id }) => id));
    for (const run of this.#runs.values()) {
      if (!listed.has(run.id)) this.#runs.set(run.id, { ...run, standing: "unlisted" });
    }
    for (const run of runs) {
      const standing = isUnfinished(run) ? "open" : "completed";
      if (standing === "open" || this.#runs.has(run.id)) this.#track(run, standing);
    }
    this.#noteRename(runs);
    this.#noteActivity(runs, now);
    this.#listedAt = now;
    this.#nextList = now + pace.idle - (pace.spread ? chance.below(Math.ceil(pace.idle / 2)) : 0);
  }

  async #sweep(now: Instant, signal: AbortSignal): Promise<void> {
    const { reader, pace, notify } = this.#around;
    const problem = `sweep of ${this.name}`;
    try {
      for (const run of await unfinishedRuns(reader, this.name, signal)) {
        this.#track(run, this.#runs.get(run.id)?.standing ?? "unlisted");
      }
      this.#nextSweep = now + pace.sweep;
      notify.over(problem);
    } catch (error) {
      if (signal.aborted || hasCode(error, "unauthorized", "rate_limited")) throw error;
      // The search index behind these lists fails by itself at times. The plain list goes on finding all but old runs.
      this.#nextSweep = now + sweepAgain;
      notify.once(problem, "warn", `${messageOf(error)}; runs that were started again are found late until then`);
    }
  }

  async #readJobs(run: Tracked, now: Instant, signal: AbortSignal): Promise<void> {
    try {
      const jobs = await listJobs(this.#around.reader, this.name, run.id, signal);
      const next = withJobs(run, jobs, now, this.#around.pace, this.#around.read);
      if (next === null) this.#runs.delete(run.id);
      else this.#runs.set(run.id, next);
    } catch (error) {
      // A run that somebody deleted; without a list of this very pass it may also be us who lost access.
      if (!hasCode(error, "not_found") || this.#listedAt !== now) throw error;
      this.#runs.delete(run.id);
    }
  }

  #track(run: WireRun, standing: Standing): void {
    const refused = refusalOf(run, this.name, this.#around.policy);
    this.#runs.set(run.id, sighted(this.#runs.get(run.id), run, { standing, refused }));
  }

  #noteActivity(runs: readonly WireRun[], now: Instant): void {
    const listing = runs.map((run) => `${run.id} ${run.status} ${run.updated_at}`).join("\n");
    if (this.#listedAt === null)
      this.#activeAt = Math.max(...runs.map((run) => this.#around.read(run.updated_at) || 0));
    else if (listing !== this.#listing) this.#activeAt = now;
    this.#listing = listing;
  }

  #noteRename(runs: readonly WireRun[]): void {
    const called = runs[0]?.repository.full_name ?? this.name;
    if (called.toLowerCase() === this.name.toLowerCase()) return;
    const text = `repository ${this.name}: it is called ${called} now; use that name in the configuration`;
    this.#around.notify.once(`rename of ${this.name}`, "warn", text);
  }

  #views(now: Instant): readonly JobView[] {
    return [...this.#runs.values()].flatMap((run) =>
      run.jobs.map((job) => viewOf(job, this.name, run, now, this.#around.read)).filter((view) => view !== null),
    );
  }
}

const sweepAgain: Ms = MINUTE;
