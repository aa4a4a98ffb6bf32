import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName } from "../../src/domain/ids.ts";
import type { SiteView } from "../../src/domain/observation.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { Site } from "../../src/engine/site.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";
import { restarted } from "./restarted.ts";

const { signal } = new AbortController();
const confined = {
  resourcePools: ["runners"],
  tokens: [{ id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555", confined: true }],
};
type Lab = ReturnType<typeof lab>;

const slowClones = (): Lab =>
  lab({ world: { ...confined, durations: { clone: 5 * MINUTE } }, spec: { resourcePool: "runners" } });

async function beginClone({ clock, spec }: Lab, site: Site): Promise<{ readonly done: Promise<void> }> {
  await clock.until(site.observe(signal, { seeds: true }));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  return clock.until(site.clone({ spec, node: asNodeName("pve1"), marker }, signal));
}

const comingIn = ({ hidden, guests }: SiteView): readonly unknown[] => [
  ...hidden.map(({ vmid }) => vmid),
  ...guests.map(({ vmid }) => vmid),
];

test("a clone of an earlier life takes room while it runs, though the token does not see it and no journal tells of it", async () => {
  const world = slowClones();
  await beginClone(world, world.site);
  await world.clock.pass(10 * SECOND);
  const site = restarted(world, null);
  const [hidden] = (await world.clock.until(site.observe(signal, { seeds: true }))).hidden;
  assert.equal(hidden?.vmid, null);
  assert.match(hidden?.why ?? "", /a clone on node pve1 was begun before this start and still runs/);
  await world.clock.pass(MINUTE);
  assert.deepEqual(comingIn(await world.clock.until(site.observe(signal))), [null], "and in the passes after it");
  await world.clock.pass(5 * MINUTE);
  assert.deepEqual(comingIn(await world.clock.until(site.observe(signal))), [200], "then its guest itself");
});

test("a clone of this life counts once, also when a pass sweeps while it runs", async () => {
  const world = slowClones();
  await beginClone(world, world.site);
  await world.clock.pass(10 * SECOND);
  assert.deepEqual(comingIn(await world.clock.until(world.site.observe(signal, { seeds: true }))), []);
});
