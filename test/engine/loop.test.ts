import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "../../src/domain/time.ts";
import { Bell } from "../../src/engine/bell.ts";
import { loop } from "../../src/engine/loop.ts";
import { ManualClock } from "../clock.ts";

function started(pass: () => Promise<void>) {
  const clock = new ManualClock();
  const bell = new Bell();
  const stop = new AbortController();
  const failures: number[] = [];
  const over = loop(
    { pass, clock, bell, interval: 15 * SECOND, shortest: SECOND, onFailure: (_, count) => failures.push(count) },
    stop.signal,
  );
  return { clock, bell, stop, over, failures };
}

test("a pass comes at every interval, and at once when the bell rings", async () => {
  let count = 0;
  const { clock, bell, stop, over } = started(async () => void count++);
  await clock.pass(30 * SECOND);
  assert.equal(count, 3);
  bell.ring();
  bell.ring();
  await clock.pass(2 * SECOND);
  assert.equal(count, 4, "ten rings are one pass");
  stop.abort();
  await over;
});

test("a ringing bell never brings passes nearer than the shortest pause", async () => {
  let count = 0;
  const { clock, bell, stop, over } = started(async () => {
    count++;
    bell.ring();
  });
  await clock.pass(10 * SECOND);
  assert.ok(count <= 11, `${count} passes in ten seconds`);
  stop.abort();
  await over;
});

test("failed passes lengthen the pause, and the first good one ends that", async () => {
  let failing = true;
  let count = 0;
  const { clock, stop, over, failures } = started(async () => {
    count++;
    if (failing) throw new Error("PVE is down");
  });
  await clock.pass(110 * SECOND);
  assert.deepEqual(failures, [1, 2, 3, 4]);
  failing = false;
  await clock.pass(120 * SECOND);
  const good = count;
  await clock.pass(45 * SECOND);
  assert.equal(count, good + 3);
  stop.abort();
  await over;
});

test("it ends at once when stopped while asleep", async () => {
  const { clock, stop, over } = started(async () => {});
  await clock.pass(SECOND);
  stop.abort();
  await over;
  assert.equal(clock.sleeping(), 0, "nobody sleeps on");
});
