import assert from "node:assert/strict";
import { test } from "node:test";
import { type Ms, SECOND } from "../../src/domain/time.ts";
import { Limiter } from "../../src/github/limiter.ts";
import { quiet, start, TestClock } from "./clock.ts";

const never = new AbortController().signal;

function limiting(pausedFor: (clock: TestClock) => Ms = () => 0) {
  const clock = new TestClock();
  const limiter = new Limiter({ clock, atOnce: 10, perMinute: 60, pausedFor: () => pausedFor(clock) });
  const begun: number[] = [];
  let running = 0;
  let most = 0;
  const call = (ms: Ms, signal = never) =>
    limiter.run(async () => {
      begun.push(clock.now() - start);
      most = Math.max(most, ++running);
      await clock.sleep(ms);
      running -= 1;
    }, signal);
  return { clock, call, begun, most: () => most };
}

test("ten calls run at once, and the others follow in their order", async () => {
  const { clock, call, begun, most } = limiting();
  const all = Array.from({ length: 25 }, () => call(100));
  await clock.advance(SECOND);
  await Promise.all(all);
  assert.equal(most(), 10);
  assert.deepEqual([begun[9], begun[10], begun[20]], [0, 100, 200]);
});

test("a minute's allowance goes at once, and no minute sees more", async () => {
  const { clock, call, begun } = limiting();
  const all = Array.from({ length: 130 }, () => call(100));
  await clock.advance(3 * 60 * SECOND);
  await Promise.all(all);
  assert.equal(begun.filter((at) => at < SECOND).length, 60);
  for (const at of begun) {
    const minute = begun.filter((other) => other >= at && other < at + 60 * SECOND).length;
    assert.ok(minute <= 60, `${minute} from ${at}`);
  }
  assert.ok(Math.max(...begun) < 125 * SECOND);
});

test("a pause holds everyone who waits, and ends by itself", async () => {
  const { clock, call, begun } = limiting((now) => Math.max(0, start + 20 * SECOND - now.now()));
  const all = [call(1), call(1)];
  await clock.advance(19 * SECOND);
  assert.deepEqual(begun, []);
  await clock.advance(2 * SECOND);
  await Promise.all(all);
  assert.deepEqual(begun, [20 * SECOND, 20 * SECOND]);
});

test("one who leaves the queue holds nobody up", async () => {
  const { clock, call, begun } = limiting();
  const leaving = new AbortController();
  const ten = Array.from({ length: 10 }, () => call(100));
  const left = call(100, leaving.signal);
  const last = call(100);
  left.catch(() => {});
  leaving.abort(new Error("stop"));
  await assert.rejects(left, /stop/);
  await quiet();
  await clock.advance(SECOND);
  await Promise.all([...ten, last]);
  assert.equal(begun.length, 11);
});

test("a failed call frees its place", async () => {
  const clock = new TestClock();
  const limiter = new Limiter({ clock, atOnce: 1, perMinute: 60, pausedFor: () => 0 });
  await assert.rejects(
    limiter.run(() => Promise.reject(new Error("no")), never),
    /no/,
  );
  assert.equal(await limiter.run(async () => "next", never), "next");
});
