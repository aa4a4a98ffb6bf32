import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asGuestName, asJobId, asRepositoryName, asRunnerId } from "../../src/domain/ids.ts";
import { bench, never } from "./bench.ts";
import { json } from "./fake-github.ts";

const scope = "repos/o/r" as const;
const name = asGuestName("vm-abc");
const gone = { id: asRunnerId(4711), name };

test("an idle runner is removed, one that works is kept", async () => {
  for (const [busy, outcome, left] of [
    [false, "removed", 0],
    [true, "busy", 1],
  ] as const) {
    const { github, forge } = bench();
    const runner = github.addRunner(scope, { name, busy });
    assert.equal(await forge.deregister(scope, { id: asRunnerId(runner.id), name }, never), outcome);
    assert.equal(github.runners.get(scope)?.length, left);
  }
});

test("a runner is absent only when a complete list lacks it", async () => {
  const { github, forge } = bench();
  github.addRunner(scope, { name: "vm-other" });
  assert.equal(await forge.deregister(scope, gone, never), "absent");
});

test("a 404 alone proves nothing: the list may still hold the runner, or be out of reach", async () => {
  const { github, forge } = bench();
  const listed = github.addRunner(scope, { name });
  github.faults.push((request) => (request.method === "DELETE" ? json(404, { message: "Not Found" }) : null));
  const runner = { id: asRunnerId(listed.id), name };
  await assert.rejects(forge.deregister(scope, runner, never), (error) => hasCode(error, "unavailable"));
});

test("a 404 for the runner and for its list is lost access, not absence", async () => {
  const { github, forge } = bench();
  github.faults.push(() => json(404, { message: "Not Found" }));
  await assert.rejects(forge.deregister(scope, gone, never), (error) => hasCode(error, "not_found"));
});

test("other refusals of a removal are errors", async () => {
  for (const [status, code] of [
    [403, "forbidden"],
    [401, "unauthorized"],
    [400, "invalid"],
  ] as const) {
    const { github, forge } = bench();
    github.faults.push(() => json(status, { message: "no" }));
    await assert.rejects(forge.deregister(scope, gone, never), (error) => hasCode(error, code));
  }
});

test("a job still waits as long as it is queued without a runner", async () => {
  const { github, forge } = bench();
  const job = github.addJob(1, { id: 11 });
  const waits = (id: number) => forge.stillQueued(asRepositoryName("o/r"), asJobId(id), never);
  assert.equal(await waits(11), true);
  job.runner_id = 7;
  assert.equal(await waits(11), false);
  job.runner_id = 0;
  job.status = "completed";
  assert.equal(await waits(11), false);
  assert.equal(await waits(12), false);
});
