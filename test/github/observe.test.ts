import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { bench, never, ofOrganisation, poolOf } from "./bench.ts";
import { iso, json } from "./fake-github.ts";

test("jobs that wait and jobs that run are seen, and no others", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1, status: "in_progress" });
  github.addJob(1, { id: 11, labels: ["Self-Hosted", "linux"] });
  github.addJob(1, { id: 12, runner_id: 0, runner_name: "" });
  github.addJob(1, { id: 13, status: "in_progress", runner_id: 7, runner_name: "vm-a", started_at: iso(-500) });
  github.addJob(1, { id: 14, status: "queued", runner_id: 8, runner_name: "vm-b" });
  for (const [i, status] of ["waiting", "pending", "requested", "completed"].entries()) {
    github.addJob(1, { id: 20 + i, status });
  }
  const { jobs, silent } = await forge.observe(never);
  assert.deepEqual(
    jobs.map(({ id, status, runner, startedAt }) => [Number(id), status, runner, startedAt]),
    [
      [11, "queued", null, null],
      [12, "queued", null, null],
      [13, "in_progress", "vm-a", Date.parse(iso(-500))],
      [14, "in_progress", "vm-b", null],
    ],
  );
  assert.deepEqual(jobs[0]?.labels, ["Self-Hosted", "linux"]);
  assert.equal(jobs[0]?.repository, "o/r");
  assert.equal(silent.size, 0);
});

test("runner lists are read to the end, and before the jobs", async () => {
  const { github, clock, forge } = bench();
  github.addRun("o/r", { id: 1 });
  for (let i = 0; i < 230; i++)
    github.addRunner("repos/o/r", { name: `vm-${i}`, status: i === 229 ? "online" : "offline" });
  const { lists } = await forge.observe(never);
  assert.equal(lists[0]?.runners.length, 230);
  assert.equal(lists[0]?.runners[229]?.online, true);
  assert.equal(lists[0]?.at, clock.now());
  const kinds = github.seen.map(({ path }) => (path.endsWith("/runners") ? "runners" : "runs"));
  assert.ok(kinds.lastIndexOf("runners") < kinds.indexOf("runs"), kinds.join());
});

test("a runner that moves to a page already read is not taken for absent", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1 });
  for (let i = 0; i < 150; i++) github.addRunner("repos/o/r", { name: `vm-${i}` });
  let moved = false;
  github.faults.push((request) => {
    if (moved || !request.url.includes("page=2")) return null;
    moved = true;
    github.runners.set("repos/o/r", (github.runners.get("repos/o/r") ?? []).slice(1));
    return null;
  });
  const { lists } = await forge.observe(never);
  const names = new Set<string>(lists[0]?.runners.map(({ name }) => name));
  assert.equal(names.size, 149);
  assert.ok(names.has("vm-100"));
});

test("an idle repository costs no answer that counts against the rate limit", async () => {
  const { github, clock, forge } = bench();
  github.addRun("o/r", { id: 1, status: "completed", updated_at: iso(-HOUR) });
  await forge.observe(never);
  const first = github.seen.length;
  for (let i = 0; i < 20; i++) {
    await clock.advance(15 * SECOND);
    await forge.observe(never);
  }
  const later = github.seen.slice(first);
  assert.ok(later.length > 20);
  assert.deepEqual(new Set(later.map(({ status }) => status)), new Set([304]));
});

test("jobs that a 304 stands for are still seen", async () => {
  const { github, clock, forge } = bench();
  github.addRun("o/r", { id: 1 });
  github.addJob(1, { id: 11 });
  await forge.observe(never);
  await clock.advance(15 * SECOND);
  const { jobs } = await forge.observe(never);
  assert.equal(jobs.length, 1);
  assert.deepEqual(
    github.calls("GET", /jobs$/).map(({ status }) => status),
    [200, 304],
  );
});

test("a run is followed until its jobs are over, also when it left the first page", async () => {
  const { github, clock, forge } = bench();
  const run = github.addRun("o/r", { id: 1 });
  const job = github.addJob(1, { id: 11 });
  await forge.observe(never);
  for (let id = 100; id < 160; id++) github.addRun("o/r", { id, status: "completed" });
  await clock.advance(15 * SECOND);
  assert.equal((await forge.observe(never)).jobs.length, 1);
  job.status = "completed";
  run.status = "completed";
  await clock.advance(15 * SECOND);
  assert.equal((await forge.observe(never)).jobs.length, 0);
  await clock.advance(2 * MINUTE);
  await forge.observe(never);
  const asked = github.calls("GET", /jobs$/).length;
  await clock.advance(30 * SECOND);
  await forge.observe(never);
  assert.equal(github.calls("GET", /jobs$/).length, asked);
});

test("the gap between two jobs of which one needs the other does not lose a run", async () => {
  const { github, clock, forge } = bench();
  github.addRun("o/r", { id: 1 });
  const job = github.addJob(1, { id: 11, status: "in_progress", runner_id: 1, runner_name: "vm-a" });
  await forge.observe(never);
  job.status = "completed";
  await clock.advance(5 * MINUTE);
  assert.equal((await forge.observe(never)).jobs.length, 0);
  github.addJob(1, { id: 12 });
  await clock.advance(15 * SECOND);
  assert.deepEqual(
    (await forge.observe(never)).jobs.map(({ id }) => Number(id)),
    [12],
  );
});

test("a matrix of more than a hundred jobs is seen whole", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1 });
  for (let i = 0; i < 120; i++) github.addJob(1, { id: 1000 + i });
  assert.equal((await forge.observe(never)).jobs.length, 120);
});

test("an old run that is started again is found by the sweep", async () => {
  const { github, clock, forge } = bench();
  const old = github.addRun("o/r", { id: 1, status: "completed" });
  for (let id = 100; id < 160; id++) github.addRun("o/r", { id, status: "completed" });
  assert.equal((await forge.observe(never)).jobs.length, 0);
  old.status = "queued";
  github.addJob(1, { id: 11 });
  await clock.advance(MINUTE);
  assert.equal((await forge.observe(never)).jobs.length, 0);
  await clock.advance(2 * MINUTE);
  assert.equal((await forge.observe(never)).jobs.length, 1);
});

test("filtered lists that miss a run hide nothing that the plain list shows", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1, status: "queued" });
  github.addJob(1, { id: 11 });
  github.unindexed.add(1);
  assert.equal((await forge.observe(never)).jobs.length, 1);
});

test("a failing sweep is told once and keeps no job from being seen", async () => {
  const { github, clock, forge, notices } = bench();
  github.addRun("o/r", { id: 1 });
  github.addJob(1, { id: 11 });
  github.faults.push((request) => (request.url.includes("status=") ? json(422, { message: "search is down" }) : null));
  for (let i = 0; i < 3; i++) {
    const { jobs, silent } = await forge.observe(never);
    assert.deepEqual([jobs.length, silent.size], [1, 0]);
    await clock.advance(2 * MINUTE);
  }
  assert.equal(notices.length, 1);
  assert.match(notices[0]?.text ?? "", /o\/r.*search is down/);
});

test("many idle repositories are asked less often, an active one in every pass", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `acme/r${i}`);
  const { github, clock, forge } = bench({ pools: [poolOf(ofOrganisation(names))], chance: { below: (n) => n - 1 } });
  for (const name of names) github.addRun(name, { id: 1, status: "completed", updated_at: iso(-HOUR) });
  const busy = github.addRun("acme/r7", { id: 2, status: "in_progress", updated_at: iso(-SECOND) });
  await forge.observe(never);
  const before = github.seen.length;
  for (let i = 0; i < 4; i++) {
    await clock.advance(15 * SECOND);
    busy.updated_at = iso(i);
    await forge.observe(never);
  }
  const lists = github.seen.slice(before).filter(({ path, query }) => path.endsWith("/runs") && !query.status);
  const asked = (name: string) => lists.filter(({ path }) => path.includes(`/${name}/`)).length;
  assert.equal(asked("r7"), 4);
  assert.ok(asked("r8") >= 1 && asked("r8") <= 2, `${asked("r8")} times`);
});
