import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { DispatcherError, type ErrorCode, hasCode } from "../../src/domain/errors.ts";
import { asGuestName } from "../../src/domain/ids.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import { bench, never, ofOrganisation, ofRepository, poolOf } from "./bench.ts";
import { quiet } from "./clock.ts";
import { json } from "./fake-github.ts";

const name = asGuestName("vm-abc");
const pool = poolOf(ofRepository("o/r"), { labels: ["linux", "Self-Hosted", "x64"] });
const minting = /generate-jitconfig/;

const failure = async (work: Promise<unknown>): Promise<DispatcherError> => {
  const error = await work.then(
    () => assert.fail("it succeeded"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DispatcherError, inspect(error));
  return error;
};

test("a JIT config is asked for with the pool's labels and ours, in the default group", async () => {
  const { github, forge } = bench();
  const credential = await forge.mint(pool, name, never);
  assert.deepEqual(github.calls("POST", minting)[0]?.body, {
    name: "vm-abc",
    runner_group_id: 1,
    labels: ["self-hosted", "linux", "x64", "dispatcher-home"],
    work_folder: "_work",
  });
  assert.ok(credential.kind === "jit");
  assert.equal(credential.config.reveal(), "JITSECRET");
  assert.equal(credential.runnerId, github.runners.get("repos/o/r")?.[0]?.id);
  assert.doesNotMatch(inspect(credential, { depth: 9 }), /JITSECRET/);
});

test("a pool that registers by token gets a registration token and makes no record", async () => {
  const { github, forge } = bench();
  const credential = await forge.mint({ ...pool, registration: "token" }, name, never);
  assert.ok(credential.kind === "token");
  assert.equal(credential.token.reveal(), "REGTOKEN");
  assert.equal(github.runners.size, 0);
});

test("an organisation's pool registers in its runner group", async () => {
  const { github, forge } = bench();
  github.groups.push({ id: 1, name: "Default", visibility: "all", default: true });
  const ci = poolOf(ofOrganisation(["acme/a"], "ci"));
  const error = await failure(forge.mint(ci, name, never));
  assert.equal(error.code, "invalid");
  assert.match(error.message, /runner group ci of orgs\/acme/);
  assert.match(error.details.remedy ?? "", /Default/);
  github.groups.push({ id: 9, name: "CI", visibility: "selected", default: false });
  await forge.mint(ci, name, never);
  const { path, body } = github.calls("POST", minting)[0] ?? {};
  assert.equal(path, "/orgs/acme/actions/runners/generate-jitconfig");
  assert.equal((body as { runner_group_id: number }).runner_group_id, 9);
});

test("a lost answer is never repeated: the record is removed and the caller told", async () => {
  const { github, forge } = bench();
  github.faults.push((request) => {
    if (!minting.test(request.url)) return null;
    github.addRunner("repos/o/r", { name });
    throw new TypeError("fetch failed", { cause: new Error("socket hang up") });
  });
  const error = await failure(forge.mint(pool, name, never));
  assert.equal(error.code, "lost_answer");
  assert.match(error.message, /vm-abc of repos\/o\/r: socket hang up; its record was removed/);
  assert.equal(github.calls("POST", minting).length, 1);
  assert.deepEqual(github.runners.get("repos/o/r"), []);
});

test("each answer that leaves doubt has its code, and none is sent twice", async () => {
  const cases: readonly [number, ErrorCode][] = [
    [409, "already_exists"],
    [500, "lost_answer"],
    [503, "lost_answer"],
    [200, "lost_answer"],
  ];
  for (const [status, code] of cases) {
    const { github, forge } = bench();
    github.addRunner("repos/o/r", { name });
    github.faults.push((request) => (minting.test(request.url) ? json(status, { message: "so it is" }) : null));
    assert.equal((await failure(forge.mint(pool, name, never))).code, code, String(status));
    assert.equal(github.calls("POST", minting).length, 1);
    assert.deepEqual(github.runners.get("repos/o/r"), [], String(status));
  }
});

test("a mint without an answer ends after ten seconds", async () => {
  const { github, clock, forge } = bench();
  const asked = new Promise<void>((resolve) => {
    github.faults.push((request) => {
      if (!minting.test(request.url)) return null;
      resolve();
      return new Promise<Response>(() => {});
    });
  });
  const error = failure(forge.mint(pool, name, never));
  await asked;
  await clock.advance(10 * SECOND);
  assert.equal((await error).code, "lost_answer");
});

test("a record that is not ours, or that works, stays after a lost answer", async () => {
  for (const other of [
    { status: "online" },
    { busy: true },
    { ephemeral: false },
    { labels: [{ name: "self-hosted" }, { name: "dispatcher-other" }] },
  ]) {
    const { github, forge } = bench();
    github.addRunner("repos/o/r", { name, ...other });
    const error = await failure(forge.mint(pool, name, never));
    assert.equal(error.code, "already_exists");
    assert.equal(github.runners.get("repos/o/r")?.length, 1, inspect(other));
  }
});

test("a caller who leaves while the answer is under way leaves no record behind", async () => {
  const { github, forge } = bench();
  const leaving = new AbortController();
  github.faults.push((request) => {
    if (!minting.test(request.url)) return null;
    github.addRunner("repos/o/r", { name });
    leaving.abort(new Error("stop"));
    return new Promise<Response>(() => {});
  });
  await assert.rejects(forge.mint(pool, name, leaving.signal), /^Error: stop$/);
  assert.deepEqual(github.runners.get("repos/o/r"), []);
});

test("refusals name the permission that is missing, per scope", async () => {
  const org = { ...poolOf(ofOrganisation(["acme/a"])) };
  for (const [asked, permission] of [
    [pool, /Administration: write on the repository/],
    [org, /Self-hosted runners: write on the organisation/],
  ] as const) {
    const { github, forge } = bench();
    github.faults.push(() => json(403, { message: "Resource not accessible by personal access token" }));
    const error = await failure(forge.mint(asked, name, never));
    assert.equal(error.code, "forbidden");
    assert.match(error.details.remedy ?? "", permission);
    assert.equal(github.calls("GET", /runners/).length, 0);
  }
});

test("other refusals keep their meaning", async () => {
  for (const [status, code] of [
    [401, "unauthorized"],
    [404, "not_found"],
    [422, "invalid"],
  ] as const) {
    const { github, forge } = bench();
    github.faults.push(() => json(status, { message: "no" }));
    assert.equal((await failure(forge.mint(pool, name, never))).code, code);
  }
});

test("no secret gets into a message, even when GitHub repeats one", async () => {
  const { github, forge } = bench();
  const echo = "ghp_0123456789abcdef and eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9eyJ0eXAiOiJKV1Qi";
  github.faults.push(() => json(422, { message: `bad: ${echo}` }));
  const error = await failure(forge.mint(pool, name, never));
  assert.doesNotMatch(inspect(error, { depth: 9 }), /ghp_|eyJ/);
  assert.match(error.message, /bad: \[secret\]/);
});

test("a rate-limited mint says when to come back, and holds up the others until then", async () => {
  const { github, clock, forge } = bench();
  let refusals = 1;
  github.faults.push((request) =>
    minting.test(request.url) && refusals-- > 0
      ? json(403, { message: "You have exceeded a secondary rate limit." }, { "retry-after": "30" })
      : null,
  );
  const error = await failure(forge.mint(pool, name, never));
  assert.ok(hasCode(error, "rate_limited"));
  assert.equal(error.details.retryAfterMs, 30 * SECOND);
  const next = forge.mint(pool, asGuestName("vm-next"), never);
  await clock.advance(29 * SECOND);
  await quiet();
  assert.equal(github.calls("POST", minting).length, 1);
  await clock.advance(2 * SECOND);
  assert.equal((await next).kind, "jit");
});

test("reading goes on while minting must be quiet", async () => {
  const { github, forge } = bench();
  github.addRun("o/r", { id: 1 });
  github.faults.push((request) => (minting.test(request.url) ? json(429, {}, { "retry-after": "30" }) : null));
  await failure(forge.mint(pool, name, never));
  assert.equal((await forge.observe(never)).silent.size, 0);
});

test("a pause that is too long for a waiting guest fails at once", async () => {
  const { github, clock, forge } = bench();
  const reset = String((clock.now() + 40 * MINUTE) / SECOND);
  const headers = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset };
  github.faults.push(() => json(403, { message: "API rate limit exceeded" }, headers));
  await failure(forge.mint(pool, name, never));
  const error = await failure(forge.mint(pool, name, never));
  assert.equal(error.code, "rate_limited");
  assert.ok((error.details.retryAfterMs ?? 0) >= 40 * MINUTE);
  assert.equal(github.calls("POST", minting).length, 1);
});
