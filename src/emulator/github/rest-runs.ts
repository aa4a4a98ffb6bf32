import type { Hono } from "hono";
import type { Board } from "./board.ts";
import type { Links } from "./links.ts";
import { pageOf } from "./paging.ts";
import { notFound, Refusal } from "./refusal.ts";
import type { Caller } from "./rest.ts";
import { aggregate, type Repository, type Run } from "./state.ts";
import { showJob, showRun } from "./wire-runs.ts";

const statuses = ["queued", "in_progress", "completed", "requested", "waiting", "pending"];
const conclusions = ["action_required", "cancelled", "failure", "neutral", "skipped", "stale", "success", "timed_out"];
/** A filtered list is a search, and a search ends here. */
const longestSearch = 1_000;

/** `/repos/{owner}/{repo}/actions/runs…` and `…/jobs…`. */
export function addRunRoutes(app: Hono<Caller>, board: Board, links: () => Links): void {
  const root = "/repos/:owner/:repo/actions";

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
    const wanted = (run: Run): boolean => {
      const shown = aggregate(run);
      return (
        (status === null || status === shown.status || status === shown.conclusion) &&
        (event === null || event === run.event)
      );
    };
    const filtered = status !== null || event !== null;
    const found = (filtered ? repository.runs.filter(wanted) : repository.runs).toReversed();
    const page = pageOf(found, url, filtered ? longestSearch : undefined);
    const workflow_runs = page.items.map((run) => showRun(run, links()));
    return c.json({ total_count: found.length, workflow_runs }, 200, page.headers);
  });

  app.get(`${root}/runs/:run`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    return c.json(showRun(runIn(repository, c.req.param("run")), links()));
  });

  for (const path of [`${root}/runs/:run/jobs`, `${root}/runs/:run/attempts/1/jobs`]) {
    app.get(path, (c) => {
      const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
      const run = runIn(repository, c.req.param("run") ?? "");
      const page = pageOf(run.jobs, new URL(c.req.url));
      const jobs = page.items.map((job) => showJob(job, links()));
      return c.json({ total_count: run.jobs.length, jobs }, 200, page.headers);
    });
  }

  app.get(`${root}/jobs/:job`, (c) => {
    const repository = c.var.access.actions(`${c.req.param("owner")}/${c.req.param("repo")}`);
    const job = board.jobs.get(Number(c.req.param("job")));
    if (job?.run.repository !== repository) throw notFound();
    return c.json(showJob(job, links()));
  });

  function runIn(repository: Repository, id: string): Run {
    const run = board.runs.get(Number(id));
    if (run?.repository !== repository) throw notFound();
    return run;
  }
}
