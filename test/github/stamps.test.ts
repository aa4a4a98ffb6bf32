import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE, type Ms, SECOND } from "../../src/domain/time.ts";
import { Stamps } from "../../src/github/stamps.ts";
import { bench, never } from "./bench.ts";
import { start } from "./clock.ts";
import { FakeGithub, iso } from "./fake-github.ts";

/** GitHub's clock stands `ahead` of ours; negative: ours runs ahead. */
function apart(ahead: Ms) {
  const github = new FakeGithub();
  const fetch: typeof globalThis.fetch = async (input, init) => {
    const { status, headers: before, body } = await github.fetch(input, init);
    const headers = new Headers(before);
    headers.set("date", new Date(start + ahead).toUTCString());
    return new Response(body, { status, headers });
  };
  return bench({ github, fetch });
}

for (const [title, ahead] of [
  ["our clock is 25 hours ahead", -25 * HOUR],
  ["our clock is 25 hours behind", 25 * HOUR],
  ["both clocks agree", 0],
  ["an answer was a few seconds on its way", -9 * SECOND],
] as const) {
  test(`a job that began a minute ago is a minute old: ${title}`, async () => {
    const { github, forge } = apart(ahead);
    github.addRun("o/r", { id: 1 });
    github.addJob(1, {
      id: 11,
      status: "in_progress",
      runner_id: 7,
      runner_name: "vm-a",
      started_at: iso(ahead - MINUTE),
    });
    const [job] = (await forge.observe(never)).jobs;
    const age = start - (job?.startedAt ?? 0);
    assert.ok(Math.abs(age - MINUTE) < 10 * SECOND, `${age} ms old`);
  });
}

test("a job is not given up as waiting for a day because our clock is a day ahead", async () => {
  const { github, forge } = apart(-25 * HOUR);
  github.addRun("o/r", { id: 1 });
  github.addJob(1, { id: 11, created_at: iso(-25 * HOUR - MINUTE) });
  const { jobs } = await forge.observe(never);
  assert.deepEqual(
    jobs.map(({ status, createdAt }) => [status, createdAt]),
    [["queued", start - MINUTE]],
  );
});

test("stamps do not tremble with the ways of answers, and follow when a clock is set right", () => {
  const stamps = new Stamps();
  const at = (date: number, now: number): number => {
    stamps.note(new Date(date).toUTCString(), now);
    return stamps.read(new Date(start).toISOString());
  };
  assert.equal(at(start, start + 5 * SECOND), start);
  assert.equal(at(start, start + HOUR), start + HOUR);
  assert.equal(at(start, start + HOUR + 20 * SECOND), start + HOUR);
  assert.equal(at(start + HOUR, start + HOUR), start);
});

test("an answer without a date, or with one that is none, changes nothing", () => {
  const stamps = new Stamps();
  stamps.note(new Date(start).toUTCString(), start + HOUR);
  for (const date of [undefined, "", "yesterday"]) stamps.note(date, start);
  assert.equal(stamps.theirs(start + HOUR), start);
});
