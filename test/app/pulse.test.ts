import assert from "node:assert/strict";
import { test } from "node:test";
import { Pulse } from "../../src/app/pulse.ts";
import { HOUR, MINUTE, type Ms, SECOND } from "../../src/domain/time.ts";
import type { EngineEvent } from "../../src/engine/events.ts";
import { ManualClock } from "../clock.ts";

const standby: EngineEvent = { event: "pass.standby", why: "another holds the lease" };
const failed: EngineEvent = { event: "pass.failed", error: new Error("no answer"), failures: 1 };

function listener(watchdog: Ms | null = null) {
  const told: string[] = [];
  return { told, manager: { watchdog, tell: (...words: readonly string[]) => void told.push(...words) } };
}

test("a failed pass is no readiness; the first good one is, also on standby, and only once", () => {
  const { told, manager } = listener();
  const pulse = new Pulse(manager, new ManualClock(), 15 * SECOND);
  pulse.heard(failed);
  assert.ok(!told.includes("READY=1"));
  pulse.heard(standby);
  pulse.heard(standby);
  assert.deepEqual(
    told.filter((word) => word === "READY=1"),
    ["READY=1"],
  );
  assert.equal(told.filter((word) => word === "STATUS=on standby").length, 1, "the same status is not said again");
});

test("it beats three times per limit for as long as passes end, and falls silent when they do not", async () => {
  const { told, manager } = listener(2 * MINUTE);
  const clock = new ManualClock();
  const pulse = new Pulse(manager, clock, 15 * SECOND);
  const stop = new AbortController();
  const beating = pulse.beat(stop.signal);
  const beats = (): number => told.filter((word) => word === "WATCHDOG=1").length;
  const pass = async (time: Ms, passes: boolean): Promise<void> => {
    for (let spent = 0; spent < time; spent += 20 * SECOND) {
      await clock.pass(20 * SECOND);
      if (passes) pulse.heard(standby);
    }
  };
  await pass(HOUR, true);
  const alive = beats();
  assert.ok(alive >= 85 && alive <= 95, `${alive} beats in an hour`);
  await pass(30 * MINUTE, false);
  const hung = beats();
  await pass(HOUR, false);
  assert.equal(beats(), hung, "no beat while the loop hangs");
  stop.abort();
  await beating;
});

test("nobody watches: nothing beats", async () => {
  const { told, manager } = listener(null);
  await new Pulse(manager, new ManualClock(), SECOND).beat(new AbortController().signal);
  assert.deepEqual(told, []);
});
