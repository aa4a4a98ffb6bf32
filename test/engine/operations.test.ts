import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError, hasCode } from "../../src/domain/errors.ts";
import { asPoolName } from "../../src/domain/ids.ts";
import { type Operation, Operations } from "../../src/engine/operations.ts";
import { settle } from "../clock.ts";

const never = new AbortController().signal;

function operation(key: string, run: () => Promise<void>): Operation {
  return { key, kind: "launch", pool: asPoolName("default"), node: null, why: "a job waits", restKey: key, run };
}

function gate(): { promise: Promise<void>; open: () => void; fail: (error: unknown) => void } {
  let open = (): void => {};
  let fail = (_: unknown): void => {};
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

test("one thing has one operation at a time", async () => {
  const operations = new Operations(() => {});
  const first = gate();
  assert.equal(
    operations.start(
      operation("a", () => first.promise),
      never,
      () => 0,
    ),
    true,
  );
  assert.equal(
    operations.start(
      operation("a", () => first.promise),
      never,
      () => 0,
    ),
    false,
  );
  first.open();
  await operations.drain();
  assert.equal(
    operations.start(
      operation("a", () => Promise.resolve()),
      never,
      () => 0,
    ),
    true,
  );
});

test("an operation that ends while a pass looks is still in that pass's hands, and in no later one's", async () => {
  const operations = new Operations(() => {});
  const work = gate();
  operations.start(
    operation("a", () => work.promise),
    never,
    () => 0,
  );
  operations.beginPass();
  work.open();
  await settle();
  assert.deepEqual(
    operations.inHand().map((o) => o.key),
    ["a"],
  );
  operations.beginPass();
  assert.deepEqual(operations.inHand(), []);
});

test("after a failure the thing rests, longer each time, and success ends the rest", async () => {
  const operations = new Operations(() => {});
  const failing = operation("a", () => Promise.reject(new DispatcherError("task_failed", "clone: storage full")));
  const rests: (string | undefined)[] = [];
  for (const now of [0, 10_000, 30_000]) {
    operations.start(failing, never, () => now);
    await operations.drain();
    await settle();
    rests.push(operations.resting(now).get("a"));
  }
  assert.deepEqual(rests, [
    "tried again in 5 s after: clone: storage full",
    "tried again in 10 s after: clone: storage full",
    "tried again in 20 s after: clone: storage full",
  ]);
  assert.equal(operations.resting(50_001).get("a"), undefined);
  operations.start(
    operation("a", () => Promise.resolve()),
    never,
    () => 60_000,
  );
  await operations.drain();
  assert.equal(operations.resting(0).size, 0);
});

test("whoever listens hears of each end once, with the error that ended it", async () => {
  const heard: (string | null)[] = [];
  const operations = new Operations((_, error) => heard.push(error === null ? null : String(error)));
  operations.start(
    operation("a", () => Promise.resolve()),
    never,
    () => 0,
  );
  operations.start(
    operation("b", () => Promise.reject(new Error("no"))),
    never,
    () => 0,
  );
  await operations.drain();
  assert.deepEqual(heard.sort(), [null, "Error: no"].sort());
});

test("a fault that lies elsewhere rests that alone, and a success ends both rests", async () => {
  const operations = new Operations(() => {});
  const elsewhere = { restKey: "pool", isFault: (error: unknown) => hasCode(error, "rate_limited") };
  const codes = ["rate_limited", "task_failed", null] as const;
  const rests: string[][] = [];
  for (const code of codes) {
    const run = () => (code === null ? Promise.resolve() : Promise.reject(new DispatcherError(code, "no")));
    operations.start({ ...operation("a", run), restKey: "pair", elsewhere }, never, () => 0);
    await operations.drain();
    await settle();
    rests.push([...operations.resting(0).keys()]);
  }
  assert.deepEqual(rests, [["pool"], ["pool", "pair"], []]);
});
