import assert from "node:assert/strict";
import { test } from "node:test";
import { HOUR, MINUTE } from "../../src/domain/time.ts";
import { forecastOf } from "./forecast.ts";
import { Random } from "./random.ts";
import { runSeed, stageFor } from "./run.ts";
import { settingOf } from "./setting.ts";
import { start, VirtualTime } from "./time.ts";
import { Timers } from "./timers.ts";
import { pveKinds } from "./weather/pve.ts";

const order = { hours: 0.3, only: null };

test("the same seed gives the same history, byte for byte", async () => {
  const [first, second] = [await runSeed({ seed: 5, ...order }), await runSeed({ seed: 5, ...order })];
  assert.ok(first.history.length > 100, `only ${first.history.length} lines`);
  assert.deepEqual(second.history, first.history);
});

test("another seed gives another history", async () => {
  const [first, second] = [await runSeed({ seed: 6, ...order }), await runSeed({ seed: 7, ...order })];
  assert.notDeepEqual(second.history, first.history);
});

test("without weather nothing happens, and nothing of the dispatcher is left", async () => {
  const report = await runSeed({ seed: 8, hours: 0.2, only: new Set() });
  assert.deepEqual([report.violations, report.guests, report.queued, report.lives], [[], 0, 0, 1]);
});

test("the wall clock and the platform's messages are back after a run", async () => {
  const before = [setTimeout, Date.now, Response, AbortController];
  await runSeed({ seed: 9, hours: 0.05, only: new Set() });
  assert.deepEqual([setTimeout, Date.now, Response, AbortController], before);
  assert.ok(Math.abs(Date.now() - performance.timeOrigin - performance.now()) < MINUTE);
});

test("leaving pieces of weather out changes nothing in the others", () => {
  const [all, again] = [forecastOf(3, 12), forecastOf(3, 12)];
  const last = all.at(-1);
  assert.ok(last !== undefined);
  // Whoever uses the chance of one piece leaves that of the next as it is.
  all[0]?.random.below(100);
  assert.equal(last.random.below(1e9), again.at(-1)?.random.below(1e9));
});

test("weather of one kind that comes twice at once leaves PVE as it was", () => {
  const setting = settingOf(3);
  const stage = stageFor(setting, new VirtualTime(), () => {});
  const { spec } = stage.world.pve.state;
  const before = structuredClone(spec);
  for (const kind of pveKinds) {
    const ends = ["a", "b"].map((name) => kind.begin(stage, new Random(1, name)));
    for (const end of ends) end?.();
    assert.deepEqual(spec, before, kind.name);
  }
});

test("streams of chance are equal by seed and name, and differ otherwise", () => {
  const draws = (seed: number, name: string): readonly number[] => {
    const random = new Random(seed, name);
    return Array.from({ length: 8 }, () => random.below(1_000_000));
  };
  assert.deepEqual(draws(1, "a"), draws(1, "a"));
  assert.notDeepEqual(draws(1, "a"), draws(1, "b"));
  assert.notDeepEqual(draws(1, "a"), draws(2, "a"));
});

test("timers fire by time, then in the order in which they were set; cancelled ones never", () => {
  const timers = new Timers();
  const fired: string[] = [];
  const at = (when: number, name: string) => timers.add(when, () => fired.push(name));
  at(5, "c");
  at(1, "a");
  const cancelled = at(2, "never");
  at(5, "d");
  at(3, "b");
  timers.cancel(cancelled);
  for (let timer = timers.next(10); timer !== null; timer = timers.next(10)) timer.work();
  assert.deepEqual(fired, ["a", "b", "c", "d"]);
});

test("virtual time passes from timer to timer, and stops where it is told to", async () => {
  const time = new VirtualTime();
  const seen: number[] = [];
  time.after(HOUR, () => seen.push(time.now() - start));
  time.after(3 * HOUR, () => seen.push(time.now() - start));
  await time.run(start + 2 * HOUR, () => false);
  assert.deepEqual(seen, [HOUR]);
  assert.equal(time.now(), start + 2 * HOUR);
});
