import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { HOUR } from "../../../src/domain/time.ts";
import { includes, lab } from "./lab.ts";

const demo = "/repos/octo/demo/actions";
const jit = `${demo}/runners/generate-jitconfig`;
const wish = { name: "vm-1", runner_group_id: 1, labels: ["self-hosted", "X64"] };

test("an unchanged answer is a 304 that draws no point, and another token's ETag does not match", async () => {
  const { call, github } = lab({ tokens: [{ token: "ghp_emulated0000000000000000000000000000" }, { token: "other" }] });
  const first = await call("GET", `${demo}/runs`);
  const etag = String(first.headers.get("etag"));
  const headers = { "if-none-match": etag };
  const second = await call("GET", `${demo}/runs`, { headers });
  assert.equal(second.status, 304);
  assert.equal(await second.text(), "");
  assert.equal(second.headers.get("x-ratelimit-remaining"), "4999");
  await call("GET", "/rate_limit");
  assert.deepEqual(github.tally(), { requests: 3, points: 1, runners: 0 });
  const stranger = await call("GET", `${demo}/runs`, { headers: { ...headers, authorization: "Bearer other" } });
  assert.equal(stranger.status, 200);
  github.addJobs({});
  assert.equal((await call("GET", `${demo}/runs`, { headers })).status, 200);
});

test("an hour's points run out and come back", async () => {
  const { call, time } = lab({ pointsPerHour: 1 });
  assert.equal((await call("GET", "/user")).status, 200);
  const refused = await call("GET", "/user");
  assert.equal(refused.status, 403);
  assert.equal(refused.headers.get("x-ratelimit-remaining"), "0");
  await time.pass(HOUR);
  assert.equal((await call("GET", "/user")).status, 200);
});

test("runs are paged, newest first, with links", async () => {
  const { json, call } = lab({ jobs: [{ count: 5 }] });
  const answer = await call("GET", `${demo}/runs?per_page=2&page=2&exclude_pull_requests=true`);
  const body = (await answer.json()) as { total_count: number; workflow_runs: { run_number: number }[] };
  assert.equal(body.total_count, 5);
  assert.deepEqual(
    body.workflow_runs.map((run) => run.run_number),
    [3, 2],
  );
  assert.match(String(answer.headers.get("link")), /per_page=2&page=3&[^>]*>; rel="next"/);
  assert.equal((await json("GET", `${demo}/runs?status=completed`)).total_count, 0);
  assert.equal((await json("GET", `${demo}/runs?status=queued`)).total_count, 5);
});

test("a JIT config makes an offline record at once, with lower-case labels and three files", async () => {
  const { json } = lab();
  const made = await json("POST", jit, wish);
  includes(made.runner, { name: "vm-1", status: "offline", busy: false, os: "unknown" });
  const { labels } = made.runner as { labels: { name: string }[] };
  assert.deepEqual(
    labels.map((label) => label.name),
    ["self-hosted", "x64"],
  );
  const files = JSON.parse(Buffer.from(String(made.encoded_jit_config), "base64").toString());
  assert.deepEqual(Object.keys(files), [".runner", ".credentials", ".credentials_rsaparams"]);
  includes(JSON.parse(Buffer.from(files[".runner"], "base64").toString()), { AgentName: "vm-1" });
});

test("JIT refuses what GitHub refuses", async () => {
  const { call } = lab();
  const status = async (body: unknown): Promise<number> => (await call("POST", jit, { body })).status;
  const { runner_group_id: _, ...without } = wish;
  const missing = await call("POST", jit, { body: without });
  assert.equal(missing.status, 422);
  assert.match(((await missing.json()) as { message: string }).message, /missing required key: runner_group_id\.$/);
  assert.equal(await status({ ...wish, runner_group_id: 9 }), 404);
  assert.equal(await status({ ...wish, runner_group_id: 2 }), 403);
  assert.equal(await status({ ...wish, labels: [] }), 422);
  assert.equal(await status(wish), 201);
  assert.equal(await status({ ...wish, name: "VM-1" }), 409);
});

test("a caller gets what its token allows: 401, 403, 404, and 501 for what is not emulated", async () => {
  const { call, github } = lab({
    tokens: [
      { token: "t", repositories: ["octo/demo"], administration: "none", actions: "none", selfHostedRunners: "none" },
    ],
    repositories: [{ name: "octo/demo" }, { name: "octo/hidden" }, { name: "octo/open", visibility: "public" }],
    organisations: [{ login: "acme" }],
  });
  const status = async (path: string, authorization = "Bearer t"): Promise<number> =>
    (await call("GET", path, { headers: { authorization } })).status;
  assert.equal(await status("/user", "Bearer wrong"), 401);
  assert.equal(await status(`${demo}/runs`), 403);
  assert.equal(await status(`${demo}/runners`), 403);
  assert.equal(await status("/repos/octo/hidden"), 404);
  assert.equal(await status("/repos/octo/open/actions/runs"), 200);
  assert.equal(await status("/orgs/acme/actions/runners"), 403);
  assert.equal(await status("/orgs/none"), 404);
  assert.equal(await status("/repos/octo/demo/branches"), 501);
  const bare = await github.handler(new Request("https://api.github.com/user"));
  assert.equal(bare.status, 401);
});

test("the same calls answer under an Enterprise Server's prefix", async () => {
  const { json } = lab({ jobs: [{}] });
  assert.deepEqual(await json("GET", `/api/v3${demo}/runs`), await json("GET", `${demo}/runs`));
});

test("changing calls are audited, whatever their answer", async () => {
  const { call, audit } = lab();
  await call("POST", jit, { body: wish });
  await call("DELETE", `/api/v3${demo}/runners/999`);
  await call("GET", `${demo}/runners`);
  assert.deepEqual(
    audit.filter((entry) => entry.event === "github"),
    [
      { event: "github", method: "POST", path: jit, status: 201 },
      { event: "github", method: "DELETE", path: `${demo}/runners/999`, status: 404 },
    ],
  );
});

test("an answer can be lost after the work was done", async () => {
  const lost = lab({}, { afterwards: () => new Response("", { status: 502 }) });
  assert.equal((await lost.call("POST", jit, { body: wish })).status, 502);
  assert.equal(lost.github.tally().runners, 1);
});

test("a fork's run has another head repository", async () => {
  const { json } = lab({ jobs: [{ fork: true, event: "pull_request" }] });
  const [run] = (await json("GET", `${demo}/runs`)).workflow_runs as Record<string, { id: number; fork: boolean }>[];
  assert.notEqual(run?.head_repository?.id, run?.repository?.id);
  assert.equal(run?.head_repository?.fork, true);
});
