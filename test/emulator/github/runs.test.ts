import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { includes, lab } from "./lab.ts";

const demo = "/repos/octo/demo/actions";
const forever = new AbortController().signal;

interface Shown {
  readonly id: number;
  readonly status: string;
  readonly run_attempt: number;
}

/** With a way to let a runner of its own serve, and to read what is answered. */
function scene(spec: Parameters<typeof lab>[0] = {}) {
  const all = lab(spec);
  return {
    ...all,
    async serve(name: string, off: AbortSignal = forever) {
      const { id, config } = await all.mint(name);
      const end = all.github.runners.listen({ credential: { kind: "jit", config }, vmid: 1, off });
      await all.time.pass(0);
      return { id, config, end };
    },
    async jobs(run: number, query = ""): Promise<readonly Shown[]> {
      return (await all.json("GET", `${demo}/runs/${run}/jobs${query}`)).jobs as Shown[];
    },
    async run(id: number): Promise<Record<string, unknown>> {
      return all.json("GET", `${demo}/runs/${id}`);
    },
  };
}

test("a re-run has new jobs under the old run, which keeps its place in the list", async () => {
  const { github, time, json, run, jobs, serve } = scene({ jobs: [{}] });
  const [first] = [...github.state.jobs.values()];
  const id = first?.run.id ?? 0;
  assert.deepEqual(github.rerun(id), [], "a run that is not over is not run again");
  await serve("vm-1");
  await time.pass(HOUR);
  github.addJobs({});
  const before = await run(id);
  const [again] = github.rerun(id);
  assert.notEqual(again?.id, first?.id);
  includes(await run(id), { status: "queued", conclusion: null, run_attempt: 2, created_at: before.created_at });
  assert.notEqual((await run(id)).run_started_at, before.run_started_at);
  const listed = (await json("GET", `${demo}/runs`)).workflow_runs as Shown[];
  assert.equal(listed.at(-1)?.id, id);
  const shown = async (query: string): Promise<unknown> =>
    (await jobs(id, query)).map((job) => [job.id, job.run_attempt, job.status]);
  const [old, fresh] = [
    [first?.id, 1, "completed"],
    [again?.id, 2, "queued"],
  ];
  assert.deepEqual(await shown(""), [fresh]);
  assert.deepEqual(await shown("?filter=latest"), [fresh]);
  assert.deepEqual(await shown("?filter=all"), [old, fresh]);
  const ofFirst = (await json("GET", `${demo}/runs/${id}/attempts/1/jobs`)).jobs as Shown[];
  assert.deepEqual(
    ofFirst.map((job) => job.id),
    [first?.id],
  );
});

test("a re-run of the failed leaves out what succeeded, and its end counts anew", async () => {
  const { github, time, run, serve } = scene({ jobs: [{ count: 2, jobsPerRun: 2 }] });
  const [one, two] = [...github.state.jobs.values()];
  await serve("vm-1");
  await time.pass(HOUR);
  github.cancelJob(two?.id ?? 0);
  const id = one?.run.id ?? 0;
  includes(await run(id), { status: "completed", conclusion: "cancelled" });
  const again = github.rerun(id, "failed");
  assert.deepEqual(
    again.map((job) => job.name),
    [two?.name],
  );
  await serve("vm-2");
  await time.pass(HOUR);
  includes(await run(id), { status: "completed", conclusion: "success" });
  assert.equal(github.settled(), true);
});

test("nothing is run again after 30 days", async () => {
  const { github, time } = scene({ jobs: [{}] });
  const [job] = [...github.state.jobs.values()];
  github.cancelRun(job?.run.id ?? 0);
  await time.pass(31 * 24 * HOUR);
  assert.deepEqual(github.rerun(job?.run.id ?? 0), []);
});

test("cancelling a run ends its queued and its running jobs, and frees the runner", async () => {
  const { github, time, serve, whats } = scene({ jobs: [{ count: 3, jobsPerRun: 3 }] });
  const [job] = [...github.state.jobs.values()];
  const { end } = await serve("vm-1");
  assert.equal(github.cancelRun(job?.run.id ?? 0), 3);
  await time.pass(0);
  assert.equal((await end).ended, "job");
  assert.equal(whats().filter((what) => what.startsWith("cancelled")).length, 3);
  assert.equal(github.tally().runners, 0);
  assert.equal(github.cancelRun(job?.run.id ?? 0), 0);
});

for (const held of ["waiting", "pending", "requested"] as const) {
  test(`a job that is ${held} goes to no runner before it is let through`, async () => {
    const { github, time, run, jobs, serve, json } = scene({ jobs: [{ held }] });
    const [job] = [...github.state.jobs.values()];
    const [id, runId] = [job?.id ?? 0, job?.run.id ?? 0];
    await serve("vm-1");
    await time.pass(HOUR);
    includes((await jobs(runId))[0], { id, status: held });
    includes(await run(runId), { status: held });
    assert.equal((await json("GET", `${demo}/runs?status=${held}`)).total_count, 1);
    includes(github.counts(), { held: 1, queued: 0 });
    assert.equal(github.settled(), false);
    assert.equal(github.releaseJob(id), true);
    assert.equal(github.releaseJob(id), false);
    assert.equal(job?.status, "in_progress");
    await time.pass(HOUR);
    assert.equal(github.settled(), true);
  });
}

test("a held job is let through after its time, or refused and failed", async () => {
  const { github, time } = scene({ jobs: [{ held: "waiting", heldMs: MINUTE }, { held: "waiting" }] });
  const [first, second] = [...github.state.jobs.values()];
  await time.pass(MINUTE);
  assert.equal(first?.status, "queued");
  assert.equal(github.rejectJob(second?.id ?? 0), true);
  includes(second, { status: "completed", conclusion: "failure" });
  assert.equal(github.rejectJob(first?.id ?? 0), false);
});

test("a job that runs longer than its timeout is cancelled, and one that nobody takes after a day", async () => {
  const { github, time, serve } = scene({ jobs: [{ durationMs: 48 * HOUR }, { labels: ["gpu"] }] });
  const [long, lonely] = [...github.state.jobs.values()];
  const { end } = await serve("vm-1");
  await time.pass(6 * HOUR - 1);
  assert.equal(long?.status, "in_progress");
  await time.pass(1);
  assert.equal(long?.conclusion, "cancelled");
  assert.equal((await end).ended, "job");
  await time.pass(18 * HOUR - 1);
  assert.equal(lonely?.status, "queued");
  await time.pass(1);
  assert.equal(lonely?.conclusion, "cancelled");
});

test("the lease of a job whose runner went away may lapse later, never sooner", async () => {
  const lapses = new Set<number>();
  const { github, time, serve } = scene({ leaseSpreadMs: 5 * MINUTE });
  for (let n = 0; n < 5; n++) {
    const [job] = github.addJobs({});
    const off = new AbortController();
    await serve(`vm-${n}`, off.signal);
    const at = time.now();
    off.abort();
    await time.pass(16 * MINUTE);
    lapses.add((job?.completedAt ?? 0) - at);
  }
  assert.ok(Math.min(...lapses) >= 10 * MINUTE && Math.max(...lapses) <= 15 * MINUTE, [...lapses].join());
  assert.ok(lapses.size > 1);
});

test("a machine that is gone unnoticed is handed a job, which another runner gets a minute later", async () => {
  const { github, time, serve, json, call } = scene();
  github.weather.begin({ kind: "late notice", ms: 2 * MINUTE });
  const off = new AbortController();
  const ghost = await serve("vm-1", off.signal);
  off.abort();
  assert.equal((await ghost.end).ended, "off");
  includes(await json("GET", `${demo}/runners/${ghost.id}`), { status: "online", busy: false });
  const [job] = github.addJobs({});
  includes(await json("GET", `${demo}/runners/${ghost.id}`), { status: "online", busy: true });
  assert.equal((await call("DELETE", `${demo}/runners/${ghost.id}`)).status, 422);
  assert.equal(job?.status, "queued");
  await time.pass(59 * SECOND);
  await serve("vm-2");
  assert.equal(job?.status, "queued");
  await time.pass(SECOND);
  includes(job, { status: "in_progress" });
  assert.equal(job?.runner?.name, "vm-2");
  includes(github.truth.jobs.get(job?.id ?? 0), { begun: 1, inVain: 1, queued: 1 });
  await time.pass(MINUTE);
  includes(await json("GET", `${demo}/runners/${ghost.id}`), { status: "offline", busy: false });
});

test("an ephemeral runner that lost its job gets no second one, however it was registered", async () => {
  const { github, time, json } = scene({ jobs: [{}, {}] });
  const { token } = await json("POST", `${demo}/runners/registration-token`);
  const wish = { url: "https://github.com/octo/demo", token: String(token), name: "vm-1", replace: false };
  const made = github.runners.register({ ...wish, labels: ["self-hosted", "linux", "x64"], ephemeral: true });
  assert.ok(made.ok);
  const off = new AbortController();
  const order = { credential: { kind: "files", files: made.files }, vmid: 1 } as const;
  const first = github.runners.listen({ ...order, off: off.signal });
  await time.pass(0);
  off.abort();
  await first;
  assert.equal((await github.runners.listen({ ...order, off: forever })).ended, "refused");
  assert.equal(github.counts().queued, 1);
  await time.pass(24 * HOUR);
  assert.equal(github.tally().runners, 0, "its record goes after a day");
});
