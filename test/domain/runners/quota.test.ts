import assert from "node:assert/strict";
import { test } from "node:test";
import { asRunnerId } from "../../../src/domain/ids.ts";
import type { Action, Note, StopEvidence } from "../../../src/domain/runners/actions.ts";
import { decide } from "../../../src/domain/runners/decide.ts";
import { unknownState } from "../../../src/domain/runners/guest-state.ts";
import { looked, type Memory } from "../../../src/domain/runners/memory.ts";
import { type Retirement, withinQuota } from "../../../src/domain/runners/quota.ts";
import { refOf } from "../../../src/domain/runners/retire.ts";
import { type Sighting, sight } from "../../../src/domain/runners/sighting.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import { forgeOf, guestOf, poolOf, recordOf, siteOf, start, worldOf } from "../../fixtures.ts";

const letters = "abcdefghijklmnopqrstuvwxyz".split("");
const seen = (count: number): readonly Sighting[] =>
  sight(
    letters.slice(0, count).map((letter) => guestOf(letter)),
    [poolOf()],
    forgeOf(),
    new Map(),
  );

const stop = (one: Sighting, evidence: StopEvidence = "withdrawn"): Action => ({
  kind: "stop",
  pool: one.pool.name,
  why: "no record",
  guest: refOf(one),
  node: one.guest.node,
  os: one.guest.os,
  evidence,
});

const deregister = (one: Sighting): Action => ({
  kind: "deregister",
  pool: one.pool.name,
  why: "idle",
  guest: refOf(one),
  record: { scope: "repos/octo/demo", id: asRunnerId(1) },
});

const remove = (one: Sighting): Action => ({
  kind: "remove",
  pool: one.pool.name,
  why: "it is powered off",
  guest: refOf(one),
  node: one.guest.node,
  record: null,
});

const begun = (steps: readonly (Action | Note)[]): number => steps.filter((step) => "kind" in step).length;
const before = (kind: Retirement["kind"], count: number, ago: number): readonly Retirement[] =>
  seen(count).map(({ guest }) => ({ kind, guest: guest.name, at: start - ago }));

test("three running guests, or a quarter of them rounded down, are retired in one minute", () => {
  const cases = [
    [1, 1],
    [4, 3],
    [12, 3],
    [15, 3],
    [16, 4],
    [23, 5],
    [24, 6],
  ] as const;
  for (const [running, expected] of cases) {
    const guests = seen(running);
    for (const step of [stop, deregister]) {
      const { steps } = withinQuota(
        guests.map((one) => step(one)),
        guests,
        [],
        start,
      );
      assert.equal(begun(steps), expected, `${running} run`);
    }
  }
});

test("a retirement beyond the quota waits, and says for what", () => {
  const guests = seen(12);
  const { steps } = withinQuota(
    guests.slice(0, 4).map((one) => stop(one)),
    guests,
    [],
    start,
  );
  assert.deepEqual(steps[3], {
    about: guests[3]?.guest.name,
    text: "no record; waits: 3 of 12 running guests were retired in the last minute",
  });
});

test("what was begun less than a minute ago counts, what is older does not", () => {
  const guests = seen(4);
  const wishes = guests.map((one) => stop(one));
  for (const [ago, expected] of [
    [0, 1],
    [59 * SECOND, 1],
    [MINUTE, 3],
    [-SECOND, 3],
  ] as const) {
    assert.equal(begun(withinQuota(wishes, guests, before("stop", 2, ago), start).steps), expected, `${ago} ms ago`);
  }
});

test("a retirement counts until a minute after its end, however long its calls take", () => {
  const guests = seen(8);
  const slow = guests.slice(0, 3).map(({ guest }) => ({ key: guest.name, kind: "stop" }));
  const wishes = guests.slice(3).map((one) => stop(one));
  let earlier: readonly Retirement[] = before("stop", 3, 0);
  const begunAt = (seconds: number, hands: typeof slow): number => {
    const quota = withinQuota(wishes, guests, earlier, start + seconds * SECOND, hands);
    earlier = quota.retirements;
    return begun(quota.steps);
  };
  assert.equal(begunAt(50, slow), 0);
  assert.equal(begunAt(100, slow), 0, "still in hand");
  assert.equal(begunAt(150, []), 0, "just over");
  assert.equal(begunAt(161, []), 3);
});

test("the two steps of retiring are counted apart", () => {
  const guests = seen(4);
  const { steps, retirements } = withinQuota(guests.map(deregister), guests, before("stop", 3, SECOND), start);
  assert.equal(begun(steps), 3);
  assert.equal(retirements.length, 6);
});

test("guests that are powered off are removed without a quota", () => {
  const guests = seen(9);
  const { steps, retirements } = withinQuota(guests.map(remove), guests, before("stop", 3, SECOND), start);
  assert.equal(begun(steps), 9);
  assert.equal(retirements.length, 3);
});

test("a guest beyond its hard lifetime counts, and goes before the others", () => {
  const guests = seen(5);
  const wishes = guests.map((one, index) => stop(one, index === 4 ? "overdue" : "withdrawn"));
  const { steps } = withinQuota(wishes, guests, before("stop", 2, SECOND), start);
  assert.deepEqual(
    steps.map((step) => "kind" in step),
    [false, false, false, false, true],
  );
});

test("many idle runners without a job are withdrawn three in a minute", () => {
  const names = letters.slice(0, 8);
  const site = siteOf(names.map((letter) => guestOf(letter)));
  const pools = [poolOf({ max: 20, idlePatience: 0 })];
  const first = worldOf({ pools, site });
  let memory: Memory = first.memory;
  const withdrawals = [0, 300, 330, 359, 360].map((seconds) => {
    const now = start + seconds * SECOND;
    const list = { scope: "repos/octo/demo" as const, at: now, runners: names.map((letter) => recordOf(letter)) };
    // No guest says whether it works: GitHub's lists alone decide.
    for (const { name } of site.guests) memory = looked(memory, name, unknownState, now);
    const decision = decide({ ...first, memory, forge: forgeOf({}, { lists: [list] }) }, now);
    memory = decision.memory;
    return decision.plan.actions.filter((action) => action.kind === "deregister").length;
  });
  assert.deepEqual(withdrawals, [0, 3, 0, 0, 3]);
});
