import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, transient } from "../../src/domain/errors.ts";
import { asGuestName } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { EtagCache, etagKey, fingerprintOf } from "../../src/github/etags.ts";
import { Pause } from "../../src/github/pause.ts";
import type { Call } from "../../src/github/transport.ts";
import { bench, never, ofRepository, poolOf, withoutWaiting } from "./bench.ts";
import { TestClock } from "./clock.ts";
import { FakeGithub, json } from "./fake-github.ts";

test("every call carries the token, the API version and our name", async () => {
  const { github, forge } = bench({ token: new Secret("ghp_mine") });
  github.addRun("o/r", { id: 1 });
  await forge.observe(never);
  await forge.mint(poolOf(ofRepository("o/r")), asGuestName("vm-a"), never);
  for (const { headers } of github.seen) {
    assert.equal(headers.get("authorization"), "Bearer ghp_mine");
    assert.equal(headers.get("x-github-api-version"), "2022-11-28");
    assert.equal(headers.get("user-agent"), "dispatcher");
    assert.equal(headers.get("accept"), "application/vnd.github+json");
  }
});

test("an Enterprise Server is asked under its own path, with or without a trailing slash", async () => {
  for (const href of ["https://ghes.test/api/v3", "https://ghes.test/api/v3/"]) {
    const { github, forge } = bench({ apiUrl: new URL(href), github: new FakeGithub("/api/v3") });
    github.addRun("o/r", { id: 1 });
    github.addJob(1, { id: 11 });
    assert.equal((await forge.observe(never)).jobs.length, 1);
  }
});

test("each call is reported with its outcome", async () => {
  const calls: Call[] = [];
  const { github, forge } = bench({ onCall: (call) => calls.push(call) });
  github.addRun("o/r", { id: 1 });
  await forge.observe(never);
  assert.deepEqual(calls[0], { method: "GET", path: "/repos/o/r/actions/runners", status: 200, ms: 0 });
  await forge.observe(never);
  assert.ok(calls.some(({ status }) => status === 304));
  assert.equal(calls.length, github.seen.length);
});

test("the check passes with a valid token, also where rate limits are switched off", async () => {
  const { github, forge } = bench();
  await forge.check(never);
  github.faults.push(() => json(404, { message: "Rate limiting is not enabled." }));
  await forge.check(never);
});

test("the check tells a refused token from what waiting can mend", async () => {
  for (const [status, code] of [
    [401, "unauthorized"],
    [503, "unavailable"],
    [429, "rate_limited"],
  ] as const) {
    const { github, forge } = bench();
    github.faults.push(() => json(status, { message: "no" }));
    await assert.rejects(
      withoutWaiting(() => forge.check(never)),
      (error) => hasCode(error, code) && transient[error.code] === (status !== 401),
    );
  }
});

test("a page of some proxy is not taken for an answer", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1 });
  github.faults.push((request) =>
    request.url.includes("/runs?") ? new Response("<html>", { headers: { "content-type": "text/html" } }) : null,
  );
  const [reason] = (await forge.observe(never)).silent.values();
  assert.match(reason ?? "", /not understood/);
});

test("the cache forgets what was not used for longest", () => {
  const cache = new EtagCache(20);
  const put = (key: string, length: number) =>
    cache.set(key, { etag: `"${key}"`, body: "x".repeat(length), shape: null });
  put("a", 10);
  put("b", 10);
  cache.get("a");
  put("c", 5);
  put("c", 10);
  assert.deepEqual(
    ["a", "b", "c"].map((key) => cache.get(key)?.body.length),
    [10, undefined, 10],
  );
});

test("answers of different tokens are kept apart, and the key gives no token away", () => {
  const keyOf = (token: string) => etagKey(fingerprintOf(new Secret(token)), "json", "/x");
  assert.notEqual(keyOf("ghp_one"), keyOf("ghp_two"));
  assert.doesNotMatch(keyOf("ghp_one"), /ghp/);
});

test("a pause without a stated end doubles as long as it is not enough", async () => {
  const clock = new TestClock();
  const pause = new Pause(clock);
  const first = pause.begin(null);
  await clock.advance(first);
  assert.equal(pause.left(), 0);
  const second = pause.begin(null);
  assert.ok(first >= 60_000 && second >= 120_000, `${first}, ${second}`);
  await clock.advance(second);
  pause.passed();
  assert.equal(pause.begin(null), first);
});
