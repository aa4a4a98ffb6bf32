import assert from "node:assert/strict";
import { test } from "node:test";
import { asPoolName } from "../../../src/domain/ids.ts";
import { decide, type RunnerWorld } from "../../../src/domain/runners/decide.ts";
import { blankMemory, noTrace, type Trace, withdrawn } from "../../../src/domain/runners/memory.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import { forgeOf, guestOf, jobOf, poolOf, recordOf, siteOf, start, worldOf } from "../../fixtures.ts";

const a = guestOf("a");
const jobs = [jobOf(1)];
const known = (change: Partial<Trace>) => ({ ...blankMemory, traces: new Map([[a.name, { ...noTrace, ...change }]]) });
const hand = (kind: string) => [{ key: a.name, kind, pool: asPoolName("default"), node: a.node }];
const spent = { seenOnline: true, goneSince: start - 10 * MINUTE, listedAt: start };

/** A pool of one guest at most, with one job that waits, while its only guest is on its way out. */
const leaving: readonly (readonly [string, Partial<RunnerWorld>])[] = [
  ["whose runner was withdrawn", { memory: withdrawn(blankMemory, a.name, start), forge: forgeOf({ jobs }) }],
  [
    "whose runner is being withdrawn",
    { hands: hand("deregister"), forge: forgeOf({ jobs, runners: [recordOf("a")] }) },
  ],
  ["whose record is spent", { memory: known(spent), forge: forgeOf({ jobs }) }],
  ["that is being stopped", { memory: known(spent), hands: hand("stop"), forge: forgeOf({ jobs }) }],
  ["that is powered off", { site: siteOf([guestOf("a", { power: "stopped" })]), forge: forgeOf({ jobs }) }],
  ["that is being removed", { hands: hand("remove"), site: siteOf([guestOf("a", { power: "stopped" })]) }],
];
for (const [what, change] of leaving) {
  test(`a guest ${what} serves no job and takes room all the same`, () => {
    const launches = (max: number): readonly string[] => {
      const world = { pools: [poolOf({ max })], site: siteOf([a]), forge: forgeOf({ jobs }), ...change };
      const { plan } = decide(worldOf(world), start);
      return plan.actions.flatMap((action) => (action.kind === "launch" ? [action.why] : []));
    };
    assert.deepEqual(launches(1), [], "there is no room");
    assert.deepEqual(launches(2), ["job job-1 of octo/demo waits; serving 0 of 1 desired, room for 1"]);
  });
}
