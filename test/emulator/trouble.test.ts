import assert from "node:assert/strict";
import { test } from "node:test";
import { pveRefusal, pveWithoutWorker, troubled } from "../../src/emulator/trouble.ts";

function stage(picks: readonly number[]) {
  const handled: string[] = [];
  const queue = [...picks];
  const handler = troubled(
    async (request) => {
      handled.push(request.method);
      return new Response("{}");
    },
    {
      chance: { below: () => queue.shift() ?? 1 },
      time: {
        now: () => 0,
        after: (_, work) => {
          work();
          return () => {};
        },
      },
      oneIn: 10,
      refusal: pveRefusal,
      noWorker: pveWithoutWorker,
    },
  );
  const call = (method: string) => handler(new Request("https://pve.test/x", { method }));
  return { call, handled };
}

test("most calls pass", async () => {
  const { call, handled } = stage([5, 9]);
  assert.equal((await call("GET")).status, 200);
  assert.equal((await call("POST")).status, 200);
  assert.equal(handled.length, 2);
});

test("a change that is refused may have taken effect or not", async () => {
  const before = stage([0, 1]);
  assert.equal((await before.call("POST")).status, 596);
  assert.deepEqual(before.handled, []);
  const after = stage([0, 2]);
  assert.equal((await after.call("POST")).status, 596);
  assert.deepEqual(after.handled, ["POST"]);
});

test("a connection is dropped before or after, and a missing worker does nothing", async () => {
  const before = stage([0, 3]);
  await assert.rejects(before.call("POST"));
  assert.deepEqual(before.handled, []);
  const after = stage([0, 4]);
  await assert.rejects(after.call("POST"));
  assert.deepEqual(after.handled, ["POST"]);
  const none = stage([0, 5]);
  assert.match((await none.call("POST")).statusText, /^got no worker upid/);
  assert.deepEqual(none.handled, []);
});
