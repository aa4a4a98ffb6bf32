import type { Chance } from "../../domain/naming.ts";
import type { Audit } from "../audit.ts";
import type { Handler } from "../handler.ts";
import type { WorldTime } from "../time.ts";
import { type Board, createBoard } from "./board.ts";
import { type Links, linksOf } from "./links.ts";
import { createMeter } from "./meter.ts";
import { registerRunner } from "./registering.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createRest, type Faults } from "./rest.ts";
import type { RunnerService } from "./runner-service.ts";
import { createSessions } from "./sessions.ts";
import { type ArrivalOrder, arrivalSpec, type GithubSpec } from "./spec.ts";
import { defaultGroup, type Job, type Organisation, type Repository, type Runner, same } from "./state.ts";

export interface GithubEmulator {
  readonly handler: Handler;
  readonly runners: RunnerService;
  /** For tests and scenarios: to look, not to change. */
  readonly state: {
    readonly repositories: readonly Repository[];
    readonly organisations: readonly Organisation[];
    readonly jobs: ReadonlyMap<number, Job>;
    readonly runners: ReadonlySet<Runner>;
  };
  /** Lets jobs arrive, counted from now. Returns those that arrived at once. */
  addJobs(order: ArrivalOrder): readonly Job[];
  /** False when the job is over or unknown. */
  cancelJob(id: number): boolean;
  tally(): { readonly requests: number; readonly points: number; readonly runners: number };
  /** Every job is completed, and none will come. */
  settled(): boolean;
  counts(): JobCounts;
}

export interface JobCounts {
  /** Not arrived yet. */
  readonly expected: number;
  readonly queued: number;
  readonly inProgress: number;
  readonly completed: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly cancelled: number;
}

export interface GithubOptions {
  readonly spec: GithubSpec;
  readonly time: WorldTime;
  readonly chance: Chance;
  readonly audit: Audit;
  /** Origin under which this GitHub is served. */
  readonly baseUrl?: () => string;
  readonly faults?: Faults;
}

export function createGithub(options: GithubOptions): GithubEmulator {
  const { spec, time, chance, audit } = options;
  const repositories = spec.repositories.map((r, at): Repository => ({ ...r, id: 1_296_269 + at, runs: [] }));
  const organisations = spec.organisations.map((o, at): Organisation => {
    const hasDefault = o.groups.some((group) => group.id === defaultGroup.id);
    return { id: 9_000 + at, login: o.login, groups: hasDefault ? o.groups : [defaultGroup, ...o.groups] };
  });
  const links = (): Links => linksOf(options.baseUrl?.() ?? null);
  // The three know each other only through these two calls.
  const board: Board = createBoard({ time, audit, over: (job) => sessions.over(job) });
  const registry: Registry = createRegistry({ time, chance, removed: (runner) => sessions.dropped(runner) });
  const sessions = createSessions({ time, board, registry });
  const meter = createMeter(time, spec.pointsPerHour);
  let requests = 0;
  let expected = 0;

  function addJobs(order: ArrivalOrder): readonly Job[] {
    const arrival = arrivalSpec.parse(order);
    const repository = repositories.find((r) => same(r.name, arrival.repository));
    if (repository === undefined) throw new Error(`job for ${arrival.repository}: no such repository in this world`);
    const arrived: Job[] = [];
    expected += arrival.count;

    const arrive = (left: number): void => {
      const jobs = Math.min(left, arrival.jobsPerRun);
      expected -= jobs;
      arrived.push(...board.add(repository, arrival, jobs));
      if (left > jobs) wait(arrival.everyMs, () => arrive(left - jobs));
    };
    wait(arrival.atMs, () => arrive(arrival.count));
    return arrived;
  }

  function wait(ms: number, work: () => void): void {
    if (ms === 0) work();
    else time.after(ms, work);
  }

  for (const arrival of spec.jobs) addJobs(arrival);

  return {
    addJobs,
    cancelJob: (id) => board.cancel(id),
    state: { repositories, organisations, jobs: board.jobs, runners: registry.runners },

    handler: createRest({
      places: { repositories, organisations },
      tokens: spec.tokens,
      board,
      registry,
      meter,
      audit,
      links,
      faults: options.faults ?? {},
      counted: () => {
        requests += 1;
      },
    }),

    runners: {
      listen: (order) => sessions.listen(order),
      register(order) {
        const hosts = ["https://github.com", links().html].map((page) => new URL(page).host);
        return registerRunner(order, { registry, organisations, hosts });
      },
    },

    tally: () => ({ requests, points: meter.points(), runners: registry.runners.size }),

    settled: () => expected === 0 && board.open() === 0,

    counts() {
      const all = [...board.jobs.values()];
      const having = (what: Job["status"] | Job["conclusion"]): number =>
        all.filter((job) => job.status === what || job.conclusion === what).length;
      return {
        expected,
        queued: having("queued"),
        inProgress: having("in_progress"),
        completed: having("completed"),
        succeeded: having("success"),
        failed: having("failure"),
        cancelled: having("cancelled"),
      };
    },
  };
}
