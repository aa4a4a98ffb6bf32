import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "../../../src/domain/time.ts";
import { includes, lab } from "./lab.ts";

const demo = "/repos/octo/demo/actions";
const forever = new AbortController().signal;

test("a job runs on a fitting runner, which vanishes with it", async () => {
  const { github, time, mint, json, whats } = lab({ jobs: [{ labels: ["self-hosted", "LINUX"] }] });
  const { id, config } = await mint("vm-1");
  const session = github.runners.listen({ credential: { kind: "jit", config }, vmid: 101, off: forever });
  await time.pass(0);
  includes(await json("GET", `${demo}/runners/${id}`), { status: "online", busy: true });
  await time.pass(2 * MINUTE);
  const end = await session;
  assert.equal(end.ended, "job");
  assert.deepEqual(whats(), ["queued null null", "started vm-1 101", "completed vm-1 101"]);
  assert.equal(github.tally().runners, 0);
  assert.equal(github.settled(), true);
  assert.equal(github.counts().succeeded, 1);
});

test("a job stays queued beside runners that lack a label or belong elsewhere", async () => {
  const { github, time, mint } = lab({
    repositories: [{ name: "octo/demo" }, { name: "octo/other" }],
    jobs: [{ labels: ["self-hosted", "gpu"] }],
  });
  const wrong = await mint("vm-1", ["self-hosted"]);
  const elsewhere = await mint("vm-2", ["self-hosted", "gpu"], "/repos/octo/other");
  for (const { config } of [wrong, elsewhere]) {
    void github.runners.listen({ credential: { kind: "jit", config }, vmid: 1, off: forever });
  }
  await time.pass(HOUR);
  assert.equal(github.counts().queued, 1);
});

test("a group with selected repositories takes no other repository's job, and no public one", async () => {
  const groups = [{ id: 5, name: "vms", visibility: "selected", repositories: ["acme/a", "acme/open"] }];
  const { github, time, json } = lab({
    repositories: [{ name: "acme/a" }, { name: "acme/b" }, { name: "acme/open", visibility: "public" }],
    organisations: [{ login: "acme", groups }],
    jobs: ["acme/b", "acme/open", "acme/a"].map((repository) => ({ repository, labels: ["self-hosted"] })),
  });
  const body = { name: "vm-1", runner_group_id: 5, labels: ["self-hosted"] };
  const made = await json("POST", "/orgs/acme/actions/runners/generate-jitconfig", body);
  const credential = { kind: "jit", config: String(made.encoded_jit_config) } as const;
  void github.runners.listen({ credential, vmid: 1, off: forever });
  await time.pass(HOUR);
  const completed = [...github.state.jobs.values()].filter((job) => job.status === "completed");
  assert.deepEqual(
    completed.map((job) => job.run.repository.name),
    ["acme/a"],
  );
});

test("a JIT config is refused once it was used, and when its record is gone", async () => {
  const { github, time, mint, call } = lab();
  const first = await mint("vm-1");
  const off = new AbortController();
  const jit = (config: string) => ({ credential: { kind: "jit", config } as const, vmid: 1, off: off.signal });
  void github.runners.listen(jit(first.config));
  await time.pass(0);
  assert.equal((await github.runners.listen(jit(first.config))).ended, "conflict");
  off.abort();
  const again = await github.runners.listen({ ...jit(first.config), off: forever });
  assert.equal(again.ended, "refused");
  const second = await mint("vm-2");
  assert.equal((await call("DELETE", `${demo}/runners/${second.id}`)).status, 204);
  const gone = await github.runners.listen({ ...jit(second.config), off: forever });
  assert.match(gone.ended === "refused" ? gone.message : "", /registration has been deleted/);
});

test("a listening runner that is deleted stops listening and takes no job", async () => {
  const { github, time, mint, call } = lab();
  const { id, config } = await mint("vm-1");
  const session = github.runners.listen({ credential: { kind: "jit", config }, vmid: 1, off: forever });
  await time.pass(0);
  assert.equal((await call("DELETE", `${demo}/runners/${id}`)).status, 204);
  assert.equal((await session).ended, "deleted");
  github.addJobs({});
  assert.equal(github.counts().queued, 1);
});

test("a busy runner is not deleted; killed, its job fails only when the lease lapses", async () => {
  const { github, time, mint, call, whats } = lab({ jobs: [{}] });
  const { id, config } = await mint("vm-1");
  const off = new AbortController();
  const session = github.runners.listen({ credential: { kind: "jit", config }, vmid: 7, off: off.signal });
  await time.pass(MINUTE);
  off.abort();
  assert.equal((await session).ended, "off");
  assert.deepEqual(whats().at(-1), "killed vm-1 7");
  assert.equal((await call("DELETE", `${demo}/runners/${id}`)).status, 422);
  assert.equal(github.counts().inProgress, 1);
  await time.pass(10 * MINUTE);
  assert.equal(github.counts().failed, 1);
  assert.equal((await call("DELETE", `${demo}/runners/${id}`)).status, 204);
});

test("a cancelled job ends its runner, whether it waits or runs", async () => {
  const { github, time, mint, whats } = lab({ jobs: [{ count: 2 }] });
  const [first, second] = [...github.state.jobs.keys()];
  const { config } = await mint("vm-1");
  const session = github.runners.listen({ credential: { kind: "jit", config }, vmid: 1, off: forever });
  await time.pass(0);
  assert.equal(github.cancelJob(Number(second)), true);
  assert.equal(github.cancelJob(Number(first)), true);
  await time.pass(0);
  const end = await session;
  assert.equal(end.ended === "job" && end.result, "Canceled");
  assert.deepEqual(whats().slice(-2), ["cancelled null null", "cancelled vm-1 1"]);
  assert.equal(github.settled(), true);
});

test("a record that never connects is removed after a day", async () => {
  const { github, time, mint } = lab();
  await mint("vm-1");
  await time.pass(23 * HOUR);
  assert.equal(github.tally().runners, 1);
  await time.pass(HOUR);
  assert.equal(github.tally().runners, 0);
});

test("a registration token registers for one hour, in its scope, and a taken name only with replace", async () => {
  const { github, time, json } = lab({ repositories: [{ name: "octo/demo" }, { name: "octo/other" }] });
  const { token } = await json("POST", `${demo}/runners/registration-token`);
  const order = {
    url: "https://github.com/octo/demo",
    token: String(token),
    name: "vm-1",
    labels: [],
    ephemeral: true,
    replace: false,
  };
  assert.equal(github.runners.register({ ...order, url: "https://github.com/octo/other" }).ok, false);
  assert.equal(github.runners.register({ ...order, url: "https://elsewhere.example/octo/demo" }).ok, false);
  assert.equal(github.runners.register({ ...order, token: "wrong" }).ok, false);
  assert.equal(github.runners.register(order).ok, true);
  assert.equal(github.runners.register(order).ok, false);
  assert.equal(github.runners.register({ ...order, replace: true }).ok, true);
  assert.equal(github.tally().runners, 1);
  await time.pass(HOUR);
  assert.equal(github.runners.register({ ...order, name: "vm-2" }).ok, false);
});

test("arrivals come at their times, in runs of several jobs, and the run's status follows its jobs", async () => {
  const { github, time, mint, json } = lab({
    jobs: [{ count: 5, jobsPerRun: 2, atMs: MINUTE, everyMs: MINUTE, durationMs: 10 * MINUTE }],
  });
  assert.equal(github.settled(), false);
  await time.pass(MINUTE);
  includes(github.counts(), { expected: 3, queued: 2 });
  const { config } = await mint("vm-1");
  void github.runners.listen({ credential: { kind: "jit", config }, vmid: 1, off: forever });
  await time.pass(2 * MINUTE);
  const runs = (await json("GET", `${demo}/runs`)).workflow_runs as { status: string }[];
  assert.deepEqual(
    runs.map((run) => run.status),
    ["queued", "queued", "in_progress"],
  );
  assert.equal(github.state.jobs.size, 5);
});
