import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultEvents } from "../../src/domain/events.ts";
import { asPoolName } from "../../src/domain/ids.ts";
import { HOUR, MINUTE } from "../../src/domain/time.ts";
import { bench, never, ofOrganisation, ofRepository, poolOf, repositories } from "./bench.ts";
import { iso } from "./fake-github.ts";

test("jobs that waited 24 hours are gone, and at 23 hours it is said once", async () => {
  const { github, clock, forge, notices } = bench();
  github.addRun("o/r", { id: 1 });
  github.addJob(1, { id: 11, created_at: iso(-22.9 * HOUR) });
  github.addJob(1, { id: 12, created_at: iso(-24 * HOUR) });
  github.addJob(1, { id: 13, created_at: iso(-23.5 * HOUR), labels: ["windows"] });
  assert.deepEqual(
    (await forge.observe(never)).jobs.map(({ id }) => Number(id)),
    [11, 13],
  );
  assert.equal(notices.length, 0);
  await clock.advance(10 * MINUTE);
  await forge.observe(never);
  await clock.advance(MINUTE);
  await forge.observe(never);
  assert.equal(notices.length, 1);
  assert.match(notices[0]?.text ?? "", /job 11 .*o\/r.*23 h/);
});

test("public repositories and forks are refused unless they are allowed by name", async () => {
  const open = { id: 1, full_name: "o/r", private: false };
  const closed = { id: 1, full_name: "o/r", private: true };
  const own = { id: 1 };
  const cases = [
    [closed, own, {}, null],
    [open, own, {}, /o\/r is public/],
    [open, own, { publicRepositories: repositories("O/R") }, null],
    [closed, { id: 2 }, {}, /fork of o\/r/],
    [closed, null, {}, /fork of o\/r/],
    [closed, { id: 2 }, { forksOf: repositories("o/r") }, null],
    [open, { id: 2 }, { publicRepositories: repositories("o/r") }, /fork/],
    [open, { id: 2 }, { forksOf: repositories("o/r") }, /public/],
  ] as const;
  for (const [repo, head, allowed, expected] of cases) {
    const { github, forge } = bench({ policy: { publicRepositories: [], forksOf: [], ...allowed } });
    github.addRun("o/r", { id: 1, repository: repo, head_repository: head });
    github.addJob(1, { id: 11 });
    const [job] = (await forge.observe(never)).jobs;
    if (expected === null) assert.equal(job?.refused, null);
    else assert.match(job?.refused ?? "", expected);
  }
});

test("a job whose run others can start with the repository's rights is refused, with the pool that would take it", async () => {
  const only = (...events: readonly string[]) => ({ kind: "only" as const, events });
  const cases = [
    ["push", {}, null],
    ["pull_request", {}, null],
    ["an_event_of_tomorrow", {}, null],
    ["pull_request_target", {}, /started by pull_request_target: others .*; name the event for pool linux/],
    ["issue_comment", {}, /started by issue_comment: others/],
    ["workflow_run", {}, /started by workflow_run: others/],
    ["pull_request_target", { events: only("pull_request_target") }, null],
    ["push", { events: only("pull_request_target") }, /started by push: the events .* are listed; name the event/],
    ["pull_request_target", { labels: ["other"] }, null],
  ] as const;
  for (const [event, change, expected] of cases) {
    const { github, forge } = bench({ pools: [poolOf(ofRepository("o/r"), change)] });
    github.addRun("o/r", { id: 1, event });
    github.addJob(1, { id: 11 });
    const [job] = (await forge.observe(never)).jobs;
    if (expected === null) assert.equal(job?.refused, null, event);
    else assert.match(job?.refused ?? "", expected, event);
  }
});

test("where one of two pools takes the event, the job is not refused", async () => {
  const events = { kind: "only" as const, events: ["release"] };
  const second = poolOf(ofRepository("o/r"), { name: asPoolName("second"), events });
  const { github, forge } = bench({ pools: [poolOf(ofRepository("o/r"), { events: defaultEvents }), second] });
  github.addRun("o/r", { id: 1, event: "push" });
  github.addJob(1, { id: 11 });
  assert.equal((await forge.observe(never)).jobs[0]?.refused, null);
});

test("a repository that was renamed is told once", async () => {
  const { github, forge, notices } = bench();
  github.addRun("o/r", { id: 1, repository: { id: 1, full_name: "o/new", private: true } });
  await forge.observe(never);
  await forge.observe(never);
  assert.deepEqual(
    notices.map(({ text }) => text),
    ["repository o/r: it is called o/new now; use that name in the configuration"],
  );
});

test("a pool is closed when its runners could serve nothing but the polled repositories", async () => {
  const organisational = (["ci", "wide", "all", "missing", null] as const).map((group) =>
    ofOrganisation(["acme/a", "acme/b"], group),
  );
  const pools = [ofRepository("o/r"), ...organisational].map((scope, i) =>
    poolOf(scope, { name: asPoolName(`p${i}`) }),
  );
  const { github, clock, forge } = bench({ pools });
  for (const name of ["o/r", "acme/a", "acme/b"]) github.addRun(name, { id: 1 });
  github.groups.push(
    { id: 1, name: "Default", visibility: "all", default: true },
    { id: 3, name: "CI", visibility: "selected", default: false },
    { id: 4, name: "wide", visibility: "selected", default: false },
    { id: 5, name: "all", visibility: "all", default: false },
  );
  github.groupRepositories.set(3, ["Acme/A"]);
  github.groupRepositories.set(4, ["acme/a", "acme/c"]);
  assert.deepEqual([...(await forge.observe(never)).closedPools], ["p0", "p1"]);
  const asked = github.calls("GET", /runner-groups/).length;
  await clock.advance(MINUTE);
  await forge.observe(never);
  assert.equal(github.calls("GET", /runner-groups/).length, asked);
  github.groupRepositories.set(3, ["acme/a", "acme/z"]);
  await clock.advance(5 * MINUTE);
  assert.deepEqual([...(await forge.observe(never)).closedPools], ["p0"]);
});
