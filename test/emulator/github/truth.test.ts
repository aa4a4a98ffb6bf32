import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { AuditRecord } from "../../../src/emulator/audit.ts";
import { truthOf } from "../../../src/emulator/github/truth.ts";
import { includes, lab } from "./lab.ts";

const demo = "/repos/octo/demo/actions";
const forever = new AbortController().signal;
const jit = (config: string, vmid = 1, off: AbortSignal = forever) => ({
  credential: { kind: "jit", config } as const,
  vmid,
  off,
});

test("the truth names who ran what, and how each record came and went", async () => {
  const { github, time, mint } = lab({ jobs: [{}] });
  const { id, config } = await mint("vm-1");
  void github.runners.listen(jit(config, 101));
  await time.pass(HOUR);
  const [job] = [...github.state.jobs.keys()];
  includes(github.truth.jobs.get(job ?? 0), { queued: 1, begun: 1, finished: 1, killed: 0, runners: [id] });
  const runner = github.truth.runners.get(id);
  includes(runner, { name: "vm-1", kind: "jit", sessions: 1, usedAgain: 0, vmids: [101], jobs: [job] });
  assert.equal(runner?.gone?.what, "served");
});

test("each further use of a JIT config is refused and recorded, even when its record is gone", async () => {
  const { github, time, mint } = lab();
  const { id, config } = await mint("vm-1");
  const off = new AbortController();
  void github.runners.listen(jit(config, 1, off.signal));
  await time.pass(0);
  assert.equal((await github.runners.listen(jit(config, 2))).ended, "conflict");
  off.abort();
  assert.equal((await github.runners.listen(jit(config, 3))).ended, "refused");
  await time.pass(24 * HOUR);
  assert.equal((await github.runners.listen(jit(config, 4))).ended, "refused");
  includes(github.truth.runners.get(id), { sessions: 1, turnedAway: 3, usedAgain: 3, vmids: [1, 2, 3, 4] });
});

test("a config that was never used is not used again when it comes too late", async () => {
  const { github, mint, call } = lab();
  const { id, config } = await mint("vm-1");
  await call("DELETE", `${demo}/runners/${id}`);
  assert.equal((await github.runners.listen(jit(config))).ended, "refused");
  includes(github.truth.runners.get(id), { sessions: 0, turnedAway: 1, usedAgain: 0 });
  assert.equal(github.truth.runners.get(id)?.gone?.what, "deleted");
});

test("a job whose runner vanished is told as killed, once", async () => {
  const { github, time, mint } = lab({ jobs: [{}] });
  const { config } = await mint("vm-1");
  const off = new AbortController();
  void github.runners.listen(jit(config, 1, off.signal));
  await time.pass(SECOND);
  off.abort();
  await time.pass(HOUR);
  const [job] = [...github.state.jobs.keys()];
  includes(github.truth.jobs.get(job ?? 0), { begun: 1, finished: 0, killed: 1, cancelled: 0 });
});

test("a record that vanishes ends an idle runner, unless it does not hear of it; a busy one works on", async () => {
  const { github, time, mint, call } = lab();
  const runners = [await mint("vm-1"), await mint("vm-2"), await mint("vm-3")];
  const off = new AbortController();
  const [one, two] = runners.map(({ config }) => github.runners.listen(jit(config, 1, off.signal)));
  await time.pass(0);
  const [told, deaf, busy] = runners.map(({ id }) => id);
  assert.equal(github.vanish(told ?? 0), true);
  assert.equal((await one)?.ended, "deleted");
  assert.equal(github.vanish(deaf ?? 0, false), true);
  const [job] = github.addJobs({});
  await time.pass(0);
  assert.equal(github.vanish(busy ?? 0), true);
  assert.equal((await call("GET", `${demo}/runners/${busy}`)).status, 404);
  assert.equal(job?.status, "in_progress");
  await time.pass(HOUR);
  assert.equal(job?.conclusion, "success");
  includes(github.truth.jobs.get(job?.id ?? 0), { runners: [busy], finished: 1, inVain: 0 });
  off.abort();
  assert.equal((await two)?.ended, "off");
  assert.equal(github.vanish(999), false);
});

test("a busy runner whose record vanished hears of its job's cancellation", async () => {
  const { github, time, mint } = lab({ jobs: [{}] });
  const { id, config } = await mint("vm-1");
  const session = github.runners.listen(jit(config));
  await time.pass(0);
  github.vanish(id);
  const [job] = [...github.state.jobs.keys()];
  github.cancelJob(job ?? 0);
  await time.pass(0);
  assert.equal((await session).ended, "job");
});

test("mints are counted by the minute", async () => {
  const { github, time, mint } = lab();
  for (let n = 1; n <= 6; n++) {
    await mint(`vm-${n}`);
    await time.pass(20 * SECOND);
  }
  await mint("vm-7");
  assert.deepEqual(github.truth.mints, { total: 7, mostAMinute: 3 });
});

test("a call before the time that was told is overdrawn, of the same kind where the limit is a kind's", async () => {
  const { github, time, call, audit } = lab();
  const end = github.weather.begin({ kind: "secondary limit", status: 403, retryAfter: 60, calls: ["runs"] });
  await call("GET", `${demo}/runs`);
  end();
  await time.pass(20 * SECOND);
  await call("GET", `${demo}/runners`);
  assert.equal(github.pace().overdrawn, 0);
  await call("GET", `${demo}/runs`);
  assert.deepEqual(audit.at(-1), { event: "overdrawn", limit: "secondary", call: "runs", earlyMs: 40 * SECOND });
  await time.pass(40 * SECOND);
  await call("GET", `${demo}/runs`);
  assert.deepEqual(github.truth.overdrawn, { primary: 0, secondary: 1 });
});

test("points by the minute and calls at once are counted", async () => {
  const { github, time, call } = lab();
  github.weather.begin({ kind: "slow", ms: SECOND, calls: ["runners"] });
  const pending = [1, 2, 3].map(() => call("GET", `${demo}/runners`));
  await time.pass(SECOND);
  await Promise.all(pending);
  await call("DELETE", `${demo}/runners/1`);
  await time.pass(MINUTE);
  await call("DELETE", `${demo}/runners/1`);
  includes(github.pace(), { mostAtOnce: 3, mostPointsAMinute: 5 });
});

test("the same truth comes from the audit's lines, and no secret is in them", async () => {
  const { github, time, mint, audit, call } = lab({ jobs: [{}] });
  const { config } = await mint("vm-1");
  void github.runners.listen(jit(config));
  await time.pass(HOUR);
  await mint("vm-2");
  await call("DELETE", `${demo}/runners/999`);
  const records = audit.map((entry): AuditRecord => ({ at: 0, ...entry }));
  const again = truthOf(records);
  assert.deepEqual([...again.jobs], [...github.truth.jobs]);
  assert.deepEqual([...again.runners.keys()], [...github.truth.runners.keys()]);
  const text = JSON.stringify(audit);
  for (const { credential } of github.state.runners) assert.ok(!text.includes(credential.key));
  assert.ok(!text.includes(config) && !text.includes("ghp_"));
});
