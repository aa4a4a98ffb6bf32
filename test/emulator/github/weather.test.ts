import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Trouble } from "../../../src/emulator/github/trouble.ts";
import { includes, lab, token } from "./lab.ts";

const demo = "/repos/octo/demo/actions";
const jit = `${demo}/runners/generate-jitconfig`;
const wish = { name: "vm-1", runner_group_id: 1, labels: ["self-hosted", "linux", "x64"] };
const forever = new AbortController().signal;

test("down, GitHub answers with errors, a page, or not at all, and does nothing", async () => {
  const { github, call } = lab();
  const ways = { "502": 502, "503": 503, "504": 504, html: 502 } as const;
  for (const how of ["502", "503", "504", "html"] as const) {
    const end = github.weather.begin({ kind: "down", how });
    const answer = await call("POST", jit, { body: wish });
    assert.equal(answer.status, ways[how]);
    assert.equal((await answer.text()).startsWith("<!DOCTYPE html>"), how === "html");
    end();
  }
  github.weather.begin({ kind: "down", how: "dropped" });
  await assert.rejects(call("GET", "/user"), TypeError);
  assert.equal(github.tally().runners, 0);
  assert.deepEqual(github.weather.met(), { down: 5 });
  github.weather.clear();
  assert.equal((await call("GET", "/user")).status, 200);
});

test("a trouble meets the calls that it is for, as often as it is for, or now and then", async () => {
  const { github, call } = lab();
  github.weather.begin({ kind: "down", how: "503", calls: ["runs"], times: 2 });
  const status = async (path: string): Promise<number> => (await call("GET", path)).status;
  assert.equal(await status(`${demo}/runners`), 200);
  assert.deepEqual(
    [await status(`${demo}/runs`), await status(`/api/v3${demo}/runs?page=1`), await status(`${demo}/runs`)],
    [503, 503, 200],
  );
  github.weather.begin({ kind: "down", how: "502", oneIn: 4 });
  let failed = 0;
  for (let n = 0; n < 100; n++) if ((await status("/user")) === 502) failed += 1;
  assert.ok(failed > 5 && failed < 60, String(failed));
});

test("a mint whose answer is lost has made its record", async () => {
  const { github, call } = lab();
  github.weather.begin({ kind: "lost answer", how: "dropped" });
  assert.equal((await call("GET", `${demo}/runners`)).status, 200, "nothing but mints, unless it is said");
  await assert.rejects(call("POST", jit, { body: wish }));
  github.weather.clear();
  includes(await (await call("GET", `${demo}/runners?name=vm-1`)).json(), { total_count: 1 });
  assert.equal((await call("POST", jit, { body: wish })).status, 409);
});

for (const late of [false, true]) {
  test(`a slow answer takes the world's time, and the work is done ${late ? "at once" : "in the end"}`, async () => {
    const { github, time, call } = lab();
    github.weather.begin({ kind: "slow", ms: 30 * SECOND, late });
    const answer = call("POST", jit, { body: wish });
    await time.pass(29 * SECOND);
    assert.equal(github.tally().runners, late ? 1 : 0);
    await time.pass(SECOND);
    assert.equal((await answer).status, 201);
  });
}

test("credentials can be bad for a while, of one token or of all", async () => {
  const { github, call } = lab({ tokens: [{ token }, { token: "other" }] });
  const status = async (authorization: string): Promise<number> =>
    (await call("GET", "/user", { headers: { authorization } })).status;
  const end = github.weather.begin({ kind: "bad credentials", token: "other" });
  assert.deepEqual([await status(`Bearer ${token}`), await status("token other")], [200, 401]);
  end();
  assert.equal(await status("Bearer other"), 200);
});

test("exhausted, every call is refused until the reset that is told, but the one that asks for the limits", async () => {
  const { github, time, call, json } = lab();
  github.weather.begin({ kind: "exhausted", status: 429, ms: 90_500 });
  const refused = await call("GET", "/user");
  assert.equal(refused.status, 429);
  assert.match(((await refused.json()) as { message: string }).message, /^API rate limit exceeded/);
  assert.equal(refused.headers.get("x-ratelimit-remaining"), "0");
  const reset = Number(refused.headers.get("x-ratelimit-reset")) * SECOND;
  includes(((await json("GET", "/rate_limit")).resources as { core: unknown }).core, { remaining: 0 });
  await time.pass(reset - time.now() - 1);
  assert.equal((await call("GET", "/user")).status, 429);
  await time.pass(1);
  assert.equal((await call("GET", "/user")).status, 200);
  assert.deepEqual(github.pace().overdrawn, 1);
});

test("a secondary limit tells how long to wait, or leaves it out, while points are left", async () => {
  const { github, call } = lab();
  github.weather.begin({ kind: "secondary limit", status: 403, retryAfter: 60, times: 1 });
  github.weather.begin({ kind: "secondary limit", status: 429, retryAfter: null });
  const first = await call("POST", jit, { body: wish });
  assert.deepEqual([first.status, first.headers.get("retry-after")], [403, "60"]);
  assert.match(((await first.json()) as { message: string }).message, /secondary rate limit/);
  assert.notEqual(first.headers.get("x-ratelimit-remaining"), "0");
  const second = await call("POST", jit, { body: wish });
  assert.deepEqual([second.status, second.headers.get("retry-after")], [429, null]);
  assert.equal(github.tally().runners, 0);
});

interface Listed {
  readonly name: string;
  readonly status: string;
  readonly busy: boolean;
}

/** vm-1 works, vm-2 has gone, vm-3 is new: all of it in the last minute. */
async function changing(trouble?: Trouble) {
  const { github, time, mint, json, call } = lab();
  const one = await mint("vm-1");
  const two = await mint("vm-2");
  void github.runners.listen({ credential: { kind: "jit", config: one.config }, vmid: 1, off: forever });
  await time.pass(10 * MINUTE);
  github.addJobs({ durationMs: 20 * MINUTE });
  await call("DELETE", `${demo}/runners/${two.id}`);
  await mint("vm-3");
  await time.pass(MINUTE - 1);
  if (trouble !== undefined) github.weather.begin(trouble);
  const list = async (): Promise<readonly string[]> =>
    ((await json("GET", `${demo}/runners`)).runners as Listed[]).map((r) => `${r.name} ${r.status} ${r.busy}`);
  return { list, time, json, one };
}

test("a list of runners tells the truth in fair weather", async () => {
  assert.deepEqual(await (await changing()).list(), ["vm-1 online true", "vm-3 offline false"]);
});

test("a stale list says of each runner what was so, until the lag has passed; the runner itself is fresh", async () => {
  const { list, time, json, one } = await changing({ kind: "stale runners", ms: MINUTE, what: "state" });
  assert.deepEqual(await list(), ["vm-1 online false", "vm-3 offline false"]);
  includes(await json("GET", `${demo}/runners/${one.id}`), { busy: true });
  await time.pass(1);
  assert.deepEqual(await list(), ["vm-1 online true", "vm-3 offline false"]);
});

test("a list whose records are stale names who is gone, and not who is new", async () => {
  const { list, time } = await changing({ kind: "stale runners", ms: MINUTE, what: "records" });
  assert.deepEqual(await list(), ["vm-1 online false", "vm-2 offline false"]);
  await time.pass(1);
  assert.deepEqual(await list(), ["vm-1 online true", "vm-3 offline false"]);
});

test("no list is older than what is known", () => {
  const { github } = lab();
  assert.throws(() => github.weather.begin({ kind: "stale runners", ms: 31 * MINUTE, what: "state" }), /known/);
});

test("a stale search misses runs that changed; the whole list does not", async () => {
  const { github, time, json } = lab({ jobs: [{}] });
  await time.pass(MINUTE);
  github.addJobs({});
  github.weather.begin({ kind: "stale search", ms: MINUTE });
  assert.equal((await json("GET", `${demo}/runs?status=queued`)).total_count, 1);
  assert.equal((await json("GET", `${demo}/runs`)).total_count, 2);
});

test("pages shift between one and the next: entries are repeated, or left out", async () => {
  const { github, json } = lab({ jobs: [{ count: 4 }] });
  const numbers = async (page: number): Promise<readonly number[]> =>
    ((await json("GET", `${demo}/runs?per_page=2&page=${page}`)).workflow_runs as { run_number: number }[]).map(
      (run) => run.run_number,
    );
  const both = async (): Promise<unknown> => [...(await numbers(1)), ...(await numbers(2))];
  assert.deepEqual(await both(), [4, 3, 2, 1]);
  const end = github.weather.begin({ kind: "shifting pages", by: 1, calls: ["runs"] });
  assert.deepEqual(await both(), [4, 3, 3, 2]);
  end();
  github.weather.begin({ kind: "shifting pages", by: -1 });
  assert.deepEqual(await both(), [4, 3, 1]);
});

test("a run can be shown as far as its least advanced job", async () => {
  const { github, time, mint, json } = lab({ jobs: [{ count: 2, jobsPerRun: 2 }] });
  const { config } = await mint("vm-1");
  void github.runners.listen({ credential: { kind: "jit", config }, vmid: 1, off: forever });
  await time.pass(0);
  const [run] = [...github.state.runs.keys()];
  includes(await json("GET", `${demo}/runs/${run}`), { status: "in_progress" });
  github.weather.begin({ kind: "least advanced" });
  includes(await json("GET", `${demo}/runs/${run}`), { status: "queued" });
  assert.equal((await json("GET", `${demo}/runs?status=queued`)).total_count, 1);
});
