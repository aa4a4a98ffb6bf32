import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "../../src/domain/time.ts";
import { accepted, dropped, during, first, isClone, isRight, isStart, late, refusal } from "./meddling.ts";
import { play } from "./stage.ts";

test("a connection dropped before the clone was read leads to the same clone once more", async () => {
  const outcome = await play({ fault: () => first(1, isClone, dropped) });
  isRight(outcome);
  assert.deepEqual([...accepted(outcome, "clone")].sort(), [200, 201]);
});

test("a connection dropped while the clone's worker is yet to come leads to no second clone", async () => {
  const outcome = await play({ fault: (stage) => first(1, isClone, late(stage, 3 * SECOND)) });
  isRight(outcome);
  assert.deepEqual([...accepted(outcome, "clone")].sort(), [200, 201]);
});

test("a clone that PVE began long after its connection was dropped is not begun twice under one VMID", async () => {
  const outcome = await play({ fault: (stage) => first(1, isClone, late(stage, 20 * SECOND)) });
  isRight(outcome);
  const failed = outcome.records.filter((r) => r.event === "pve" && r.call === "clone" && r.status !== 200);
  assert.equal(failed.length, 1, "the late one finds the VMID taken");
});

test("a connection dropped after the clone was accepted leads to that clone's guest", async () => {
  const outcome = await play({ fault: () => first(1, isClone, (_, next) => next().then(dropped)) });
  isRight(outcome);
  assert.deepEqual([...accepted(outcome, "clone")].sort(), [200, 201]);
});

test("a 596 after the clone was accepted leads to that clone's guest", async () => {
  const outcome = await play({
    fault: () => first(2, isClone, (_, next) => next().then(() => refusal(596, "Connection timed out"))),
  });
  isRight(outcome);
  assert.deepEqual([...accepted(outcome, "clone")].sort(), [200, 201]);
});

test("a start whose answer is lost is not given up, and not made twice", async () => {
  const outcome = await play({ fault: () => first(1, isStart, (_, next) => next().then(dropped)) });
  isRight(outcome);
  assert.equal(accepted(outcome, "start").length, 2);
});

test("ten seconds of 595 in the midst of launches are waited out", async () => {
  const outcome = await play({
    fault: (stage) => during(stage, { from: isClone, ms: 10 * SECOND }, async () => refusal(595, "No route to host")),
  });
  isRight(outcome);
});

test("ten seconds of 595 when guests are to start are waited out", async () => {
  const outcome = await play({
    fault: (stage) => during(stage, { from: isStart, ms: 10 * SECOND }, async () => refusal(595, "No route to host")),
  });
  isRight(outcome);
});

const noWorker = (): Promise<Response> => Promise.resolve(refusal(500, "got no worker upid - start worker failed"));

test("a clone for which PVE found no worker is sent once more at once", async () => {
  const outcome = await play({ fault: () => first(1, isClone, noWorker) });
  isRight(outcome);
  assert.doesNotMatch(outcome.log, /"warn"/);
});

test("a node that finds no worker for anything for a while is waited for", async () => {
  const outcome = await play({
    fault: (stage) =>
      during(stage, { from: isClone, ms: 8 * SECOND, which: (request) => request.method !== "GET" }, noWorker),
  });
  isRight(outcome);
});

test("a burst of 401 stops nothing for good, though the token is not repeated at once", async () => {
  const outcome = await play({
    fault: (stage) => during(stage, { from: isClone, ms: 12 * SECOND }, async () => refusal(401, "No ticket")),
  });
  isRight(outcome);
});

test("a burst of 401 while guests work leaves them at work", async () => {
  const isEject = (request: Request): boolean => request.method === "PUT" && request.url.endsWith("/config");
  let puts = 0;
  const outcome = await play({
    fault: (stage) =>
      during(stage, { from: (r) => isEject(r) && ++puts === 5, ms: 12 * SECOND }, async () =>
        refusal(401, "No ticket"),
      ),
  });
  isRight(outcome);
  assert.ok(puts >= 5);
});
