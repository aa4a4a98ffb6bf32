import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asRepositoryName } from "../../src/domain/ids.ts";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { bench, never, ofOrganisation, poolOf, withoutWaiting } from "./bench.ts";
import { iso, json } from "./fake-github.ts";

const repository = asRepositoryName("o/r");

test("a repository that cannot be asked is silent with the reason, and its jobs are left out", async () => {
  const { github, clock, forge } = bench({ pools: [poolOf(ofOrganisation(["acme/a", "acme/b"]))] });
  github.addRun("acme/a", { id: 1 });
  github.addRun("acme/b", { id: 2 });
  github.addJob(1, { id: 11 });
  github.addJob(2, { id: 21 });
  assert.equal((await forge.observe(never)).jobs.length, 2);
  github.faults.push((request) =>
    request.url.includes("/acme/a/")
      ? json(403, { message: "Resource not accessible by personal access token" })
      : null,
  );
  await clock.advance(15 * SECOND);
  const dark = await forge.observe(never);
  assert.deepEqual(
    dark.jobs.map(({ id }) => Number(id)),
    [21],
  );
  assert.deepEqual([...dark.silent.keys()], ["acme/a"]);
  assert.match(dark.silent.get(asRepositoryName("acme/a")) ?? "", /403 \(Resource not accessible.*Actions: read/);
  github.faults.length = 0;
  const light = await forge.observe(never);
  assert.deepEqual([light.jobs.length, light.silent.size], [2, 0]);
});

test("a silent repository is asked again in the next pass, however idle it is", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `acme/r${i}`);
  const { github, clock, forge } = bench({ pools: [poolOf(ofOrganisation(names))] });
  for (const name of names) github.addRun(name, { id: 1, status: "completed", updated_at: iso(-HOUR) });
  github.unindexed.add(1);
  await forge.observe(never);
  await clock.advance(MINUTE);
  github.faults.push((request) => (request.url.includes("/acme/r5/") ? json(404, { message: "Not Found" }) : null));
  assert.equal((await forge.observe(never)).silent.size, 1);
  assert.equal((await forge.observe(never)).silent.size, 1);
  github.faults.length = 0;
  assert.equal((await forge.observe(never)).silent.size, 0);
});

test("a deleted run is forgotten, once its repository's list has answered in the same pass", async () => {
  const { github, clock, forge } = bench();
  github.addRun("o/r", { id: 1, updated_at: iso(-HOUR) });
  github.addJob(1, { id: 11 });
  await forge.observe(never);
  github.jobs.delete(1);
  github.runs.set("o/r", []);
  await clock.advance(SECOND);
  assert.match((await forge.observe(never)).silent.get(repository) ?? "", /jobs of run 1.*404/);
  const { jobs, silent } = await forge.observe(never);
  assert.deepEqual([jobs.length, silent.size], [0, 0]);
});

test("a scope whose runners cannot be listed is silent, not empty", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1 });
  github.faults.push((request) => (request.url.includes("/runners") ? json(404, { message: "Not Found" }) : null));
  const { lists, silentScopes, jobs, silent } = await forge.observe(never);
  assert.deepEqual([lists.length, jobs.length, silent.size], [0, 0, 0]);
  assert.match(silentScopes.get("repos/o/r") ?? "", /404.*Administration: write/);
});

test("a server error is tried once more before anything goes silent", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1 });
  github.addJob(1, { id: 11 });
  let bad = 1;
  github.faults.push((request) => (/jobs/.test(request.url) && bad-- > 0 ? json(502, "<html>") : null));
  assert.equal((await withoutWaiting(() => forge.observe(never))).jobs.length, 1);
  bad = 99;
  assert.match((await withoutWaiting(() => forge.observe(never))).silent.get(repository) ?? "", /502/);
});

test("while GitHub cannot be reached everything is silent, and only the runner lists are tried", async () => {
  const { github, forge } = bench();
  github.faults.push(() => {
    throw new TypeError("fetch failed", { cause: new Error("connect ECONNREFUSED") });
  });
  const view = await withoutWaiting(() => forge.observe(never));
  assert.match(view.silent.get(repository) ?? "", /ECONNREFUSED/);
  assert.match(view.silentScopes.get("repos/o/r") ?? "", /ECONNREFUSED/);
  assert.equal(github.calls("GET", /runs/).length, 0);
});

test("a call without an answer ends after ten seconds", async () => {
  const { github, clock, forge } = bench();
  const asked = new Promise<void>((resolve) => {
    github.faults.push(() => {
      resolve();
      return new Promise<Response>(() => {});
    });
  });
  const observed = forge.observe(never);
  await asked;
  await clock.advance(10 * SECOND);
  assert.match((await observed).silentScopes.get("repos/o/r") ?? "", /no answer within 10 s/);
});

test("an exhausted rate limit is said with its end, and nothing is asked until then", async () => {
  const { github, clock, forge } = bench();
  github.addRun("o/r", { id: 1 });
  const reset = String((clock.now() + 12 * MINUTE) / SECOND);
  github.faults.push(() =>
    json(
      403,
      { message: "API rate limit exceeded for user ID 1." },
      { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset },
    ),
  );
  const view = await forge.observe(never);
  assert.match(view.silent.get(repository) ?? "", /^rate limit: resets in 12 min; wait, or raise POLL_INTERVAL/);
  assert.match(view.silentScopes.get("repos/o/r") ?? "", /^rate limit: resets in 12 min; wait, or raise POLL_INTERVAL/);
  github.faults.length = 0;
  const asked = github.seen.length;
  await clock.advance(6 * MINUTE);
  assert.match(
    (await forge.observe(never)).silent.get(repository) ?? "",
    /^rate limit: resets in 6 min; wait, or raise POLL_INTERVAL/,
  );
  assert.equal(github.seen.length, asked);
  await clock.advance(7 * MINUTE);
  assert.equal((await forge.observe(never)).silent.size, 0);
});

test("a refused token ends the pass", async () => {
  const { github, forge } = bench();
  github.faults.push(() => json(401, { message: "Bad credentials" }));
  await assert.rejects(
    forge.observe(never),
    (error) => hasCode(error, "unauthorized") && /GITHUB_TOKEN/.test(error.details.remedy ?? ""),
  );
});

test("a caller who leaves gets the signal's reason, not an observation", async () => {
  const { github, forge } = bench();
  const leaving = new AbortController();
  github.faults.push(() => {
    leaving.abort(new Error("stop"));
    return null;
  });
  await assert.rejects(forge.observe(leaving.signal), /^Error: stop$/);
});
