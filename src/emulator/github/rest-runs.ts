import type { Context, Hono } from "hono";
import type { Instant } from "../../domain/time.ts";
import type { Board } from "./board.ts";
import type { Links } from "./links.ts";
import { etagOf } from "./meter.ts";
import { pageOf } from "./paging.ts";
import { notFound, Refusal } from "./refusal.ts";
import type { Caller } from "./rest.ts";
import { createRunTexts } from "./run-texts.ts";
import { aggregate, type Job, type Repository, type Run } from "./state.ts";
import { type Climate, shiftOf } from "./weather.ts";
import { showJob, showRun } from "./wire-runs.ts";

const statuses = ["queued", "in_progress", "completed", "requested", "waiting", "pending"];
const conclusions = ["action_required", "cancelled", "failure", "neutral", "skipped", "stale", "success", "timed_out"];
/** A filtered list is a search, and a search ends here. */
const longestSearch = 1_000;

export interface RunParts {
  readonly board: Board;
  readonly links: () => Links;
  readonly weather: Climate;
  readonly now: () => Instant;
}

/** `/repos/{owner}/{repo}/actions/runs…` and `…/jobs…`. */
export function addRunRoutes(app: Hono<Caller>, parts: RunParts): void {
  const { board, links, weather } = parts;
  const root = "/repos/:owner/:repo/actions";
  const textOf = createRunTexts();

  app.get(`${root}/runs`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    const url = new URL(c.req.url);
    for (const filter of ["actor", "branch", "check_suite_id", "created", "head_sha"]) {
      if (url.searchParams.has(filter)) throw new Refusal(501, `not emulated: run lists filtered by ${filter}`);
    }
    const status = url.searchParams.get("status");
    const event = url.searchParams.get("event");
    if (status !== null && ![...statuses, ...conclusions].includes(status)) {
      throw new Refusal(422, `Invalid request.\n\n${status} is not a valid status.`);
    }
    const filtered = status !== null || event !== null;
    const least = weather.now("least advanced") !== null;
    const lag = filtered ? (weather.now("stale search")?.ms ?? null) : null;
    const wanted = (run: Run): boolean => {
      const shown = aggregate(run, least);
      return (
        (lag === null || run.updatedAt <= parts.now() - lag) &&
        (status === null || status === shown.status || status === shown.conclusion) &&
        (event === null || event === run.event)
      );
    };
    const found = (filtered ? repository.runs.filter(wanted) : repository.runs).toReversed();
    const shift = shiftOf(weather, "runs", url);
    const page = pageOf(found, url, { longest: filtered ? longestSearch : undefined, shift });
    const at = links();
    const texts = page.items.map((run) => textOf(run, at, least));
    const etag = etagOf(c.var.access.token.token, [found.length, ...texts.map(({ version }) => version)].join("\n"));
    c.set("etag", etag);
    const headers = { ...page.headers, "content-type": "application/json" };
    // Whoever has just this reads no body.
    if (c.req.header("if-none-match") === etag) return c.body(null, 200, headers);
    const workflow_runs = texts.map(({ json }) => json()).join(",");
    return c.body(`{"total_count":${found.length},"workflow_runs":[${workflow_runs}]}`, 200, headers);
  });

  app.get(`${root}/runs/:run`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    const least = weather.now("least advanced") !== null;
    return c.json(showRun(runIn(repository, c.req.param("run")), links(), least));
  });

  app.get(`${root}/runs/:run/jobs`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    const run = runIn(repository, c.req.param("run"));
    const url = new URL(c.req.url);
    const filter = url.searchParams.get("filter") ?? "latest";
    if (filter !== "latest" && filter !== "all") {
      throw new Refusal(422, `Invalid request.\n\n${filter} is not a valid filter.`);
    }
    return answerJobs(c, filter === "all" ? run.jobs : run.jobs.filter((job) => job.attempt === run.attempt));
  });

  app.get(`${root}/runs/:run/attempts/:attempt/jobs`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    const run = runIn(repository, c.req.param("run"));
    const found = run.jobs.filter((job) => job.attempt === Number(c.req.param("attempt")));
    if (found.length === 0) throw notFound();
    return answerJobs(c, found);
  });

  app.get(`${root}/jobs/:job`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    const job = board.jobs.get(Number(c.req.param("job")));
    if (job?.run.repository !== repository) throw notFound();
    return c.json(showJob(job, links()));
  });

  function answerJobs(c: Context<Caller>, found: readonly Job[]): Response {
    const url = new URL(c.req.url);
    const page = pageOf(found, url, { shift: shiftOf(weather, "jobs", url) });
    const jobs = page.items.map((job) => showJob(job, links()));
    return c.json({ total_count: found.length, jobs }, 200, page.headers);
  }

  function runIn(repository: Repository, id: string): Run {
    const run = board.runs.get(Number(id));
    if (run?.repository !== repository) throw notFound();
    return run;
  }
}
