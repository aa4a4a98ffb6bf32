import type { Chance } from "../../domain/naming.ts";
import type { Audit } from "../audit.ts";
import type { Handler } from "../handler.ts";
import type { WorldTime } from "../time.ts";
import { type Board, createBoard } from "./board.ts";
import { type Links, linksOf } from "./links.ts";
import { createMeter } from "./meter.ts";
import { createPace, type Pace } from "./pace.ts";
import { registerRunner } from "./registering.ts";
import { createRegistry, type Registry } from "./registry.ts";
import { createRest, type Faults } from "./rest.ts";
import type { RunnerService } from "./runner-service.ts";
import { createSessions } from "./sessions.ts";
import { type ArrivalOrder, arrivalSpec, type GithubSpec } from "./spec.ts";
import { defaultGroup, type Job, type Organisation, type Repository, type Run, type Runner, same } from "./state.ts";
import { createTruth, type Truth } from "./truth.ts";
import { createWeather, type Weather } from "./weather.ts";

export interface GithubEmulator {
  readonly handler: Handler;
  readonly runners: RunnerService;
  /** For tests and scenarios: to look, not to change. */
  readonly state: {
    readonly repositories: readonly Repository[];
    readonly organisations: readonly Organisation[];
    readonly runs: ReadonlyMap<number, Run>;
    readonly jobs: ReadonlyMap<number, Job>;
    readonly runners: ReadonlySet<Runner>;
  };
  /** Lets jobs arrive, counted from now. Returns those that arrived at once. */
  addJobs(order: ArrivalOrder): readonly Job[];
  /** False when the job is over or unknown. */
  cancelJob(id: number): boolean;
  /** All of a run's jobs that are not over; how many. */
  cancelRun(id: number): number;
  /** The next attempt at a run that is over; empty where GitHub would refuse. */
  rerun(run: number, which?: "all" | "failed"): readonly Job[];
  /** A job that waits, or is pending, is queued. False when it is not held. */
  releaseJob(id: number): boolean;
  /** A held job is refused, and fails. */
  rejectJob(id: number): boolean;
  /** A record goes without anybody's call; a runner at work works on. `told`: whether one that listens notices. */
  vanish(runner: number, told?: boolean): boolean;
  /** What is wrong with this GitHub. */
  readonly weather: Weather;
  /** What happened, whatever anybody was told. */
  readonly truth: Truth;
  pace(): Pace;
  tally(): { readonly requests: number; readonly points: number; readonly runners: number };
  /** Every job is completed, and none will come. */
  settled(): boolean;
  counts(): JobCounts;
}

export interface JobCounts {
  /** Not arrived yet. */
  readonly expected: number;
  /** Not in any queue yet: they wait for an approval, or for other runs. */
  readonly held: number;
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
  const { spec, time, chance } = options;
  const { truth, hear } = createTruth();
  const audit: Audit = (entry) => {
    hear({ at: time.now(), ...entry });
    options.audit(entry);
  };
  const repositories = spec.repositories.map((r, at): Repository => ({ ...r, id: 1_296_269 + at, runs: [] }));
  const organisations = spec.organisations.map((o, at): Organisation => {
    const hasDefault = o.groups.some((group) => group.id === defaultGroup.id);
    return { id: 9_000 + at, login: o.login, groups: hasDefault ? o.groups : [defaultGroup, ...o.groups] };
  });
  const links = (): Links => linksOf(options.baseUrl?.() ?? null);
  // The three know each other only through these two calls.
  const board: Board = createBoard({ time, chance, audit, lease: spec, over: (job) => sessions.over(job) });
  const registry: Registry = createRegistry({ time, chance, audit, removed: (runner) => sessions.dropped(runner) });
  const meter = createMeter(time, spec.pointsPerHour);
  const weather = createWeather({ time, chance, meter });
  const notice = () => weather.now("late notice")?.ms ?? 0;
  const sessions = createSessions({ time, board, registry, audit, notice });
  const watch = createPace({ time, audit });
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
  const around = (handler: Handler): Handler => dated(time, watch.around(weather.around(handler)));

  return {
    addJobs,
    cancelJob: (id) => board.cancel(id),
    cancelRun: (id) => (board.runs.get(id)?.jobs ?? []).filter((job) => board.cancel(job.id)).length,
    rerun: (run, which = "all") => board.rerun(run, which),
    releaseJob: (id) => board.release(id),
    rejectJob: (id) => board.reject(id),
    weather,
    truth,
    pace: () => watch.pace(),
    state: { repositories, organisations, runs: board.runs, jobs: board.jobs, runners: registry.runners },

    vanish(id, told = true) {
      const runner = [...registry.runners].find((one) => one.id === id);
      if (runner === undefined) return false;
      if (!told) sessions.deafen(runner);
      registry.remove(runner, "vanished");
      return true;
    },

    handler: around(
      createRest({
        places: { repositories, organisations },
        tokens: spec.tokens,
        board,
        registry,
        meter,
        audit,
        links,
        faults: options.faults ?? {},
        weather,
        now: () => time.now(),
        counted: () => {
          requests += 1;
        },
      }),
    ),

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
        held: having("requested") + having("pending") + having("waiting"),
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

/** Every answer carries the world's time, not that of the server which happens to pass it on. */
function dated(time: WorldTime, handler: Handler): Handler {
  return async (request) => {
    const answer = await handler(request);
    const headers = new Headers(answer.headers);
    if (!headers.has("date")) headers.set("date", new Date(time.now()).toUTCString());
    const { status, statusText } = answer;
    return new Response(status === 204 || status === 304 ? null : answer.body, { status, statusText, headers });
  };
}
