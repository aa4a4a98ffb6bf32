import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asVmid, type Vmid } from "../../src/domain/ids.ts";
import { withTemplateMarker } from "../../src/domain/images/template-marker.ts";
import { promote, rollBack } from "../../src/images/promote.ts";
import { judge, removeTemplate } from "../../src/images/prune.ts";
import { readShelf } from "../../src/images/shelf.ts";
import type { Workshop } from "../../src/images/workshop.ts";
import { templateMarkerOf } from "../domain/images/samples.ts";
import { signerOf, start } from "../fixtures.ts";
import { pve1, signal, Workbench } from "./workbench.ts";

const family = "debian-13";

/** Templates of one family, generation 1 first; `promoted` are times, or null. */
function worldOf(promoted: readonly (number | null)[], more: readonly Record<string, unknown>[] = []): Workbench {
  const guests = promoted.map((at, index) => {
    const vmid = 9000 + index + 1;
    const marker = templateMarkerOf({ generation: index + 1, promoted: at });
    const description = withTemplateMarker("", marker, asVmid(vmid), signerOf("lab"));
    return { vmid, name: `debian-13-g${index + 1}`, node: "pve1", template: true, storage: "disks", description };
  });
  return new Workbench({ guests: [...guests, ...more] });
}

const generationsIn = async (world: Workbench, shop: Workshop): Promise<readonly (readonly [number, boolean])[]> =>
  (await world.clock.until(readShelf(shop, signal))).templates
    .map(({ marker }) => [marker.generation, marker.promoted !== null] as const)
    .sort(([a], [b]) => a - b);

const judged = (world: Workbench, shop: Workshop, named: ReadonlySet<Vmid> = new Set()) =>
  world.clock.until(judge(shop, null, named, signal));

test("a promotion is one write, and a rollback goes back to what was promoted before", async () => {
  const world = worldOf([start, null]);
  const shop = world.shop();
  const [forward] = await world.clock.until(promote(shop, { family, node: null, generation: null }, signal));
  assert.deepEqual([forward?.from?.marker.generation, forward?.to.marker.generation], [1, 2]);
  assert.match(world.description(9002), /generation 2, .* promoted 2026/);
  const [back] = await world.clock.until(rollBack(shop, { family, node: pve1 }, signal));
  assert.deepEqual([back?.from?.marker.generation, back?.to.marker.generation], [2, 1]);
  const [again] = await world.clock.until(rollBack(shop, { family, node: pve1 }, signal));
  assert.equal(again?.to.marker.generation, 2);
});

test("to promote what is promoted changes nothing", async () => {
  const world = worldOf([start]);
  const before = world.description(9001);
  await world.clock.until(promote(world.shop(), { family, node: null, generation: 1 }, signal));
  assert.equal(world.description(9001), before);
});

test("what is not there is said with what is", async () => {
  const world = worldOf([start]);
  const ask = (which: Parameters<typeof promote>[1]) => world.clock.until(promote(world.shop(), which, signal));
  await assert.rejects(ask({ family: "debian", node: null, generation: null }), /there are debian-13/);
  await assert.rejects(ask({ family, node: null, generation: 7 }), /node pve1: has no generation 7/);
  await assert.rejects(world.clock.until(rollBack(world.shop(), { family, node: null }, signal)), /none was promoted/);
});

test("of two promotions at once none is lost: each reads again what the other wrote", async () => {
  const world = worldOf([start, null, null]);
  const which = (generation: number) => ({ family, node: null, generation });
  await world.clock.until(
    Promise.all([promote(world.shop(), which(2), signal), promote(world.shop(), which(3), signal)]),
  );
  assert.deepEqual(await generationsIn(world, world.shop()), [
    [1, true],
    [2, true],
    [3, true],
  ]);
});

test("a description that was changed between read and write is read again, and nothing in it is lost", async () => {
  const world = worldOf([start, null]);
  let meddled = false;
  const shop = world.shop({
    watch: (when, { method }) => {
      if (when !== "before" || method !== "PUT" || meddled) return;
      meddled = true;
      const guest = world.pve.state.guests.get(9002);
      guest?.config.set("description", `Mind the gap.\n${guest.config.get("description")}`);
    },
  });
  await world.clock.until(promote(shop, { family, node: null, generation: 2 }, signal));
  assert.match(world.description(9002), /Mind the gap\.[\s\S]*"promoted":"2026/);
});

test("only generations that nobody needs are removed", async () => {
  const world = worldOf([start, start + 1, start + 2, start + 3, null]);
  const shop = world.shop();
  const verdicts = await judged(world, shop);
  const going = verdicts.filter(({ keep }) => keep === null).map(({ template }) => template);
  assert.deepEqual(
    going.map(({ vmid }) => vmid),
    [9002, 9001],
  );
  for (const template of going) await world.clock.until(removeTemplate(shop, template, signal));
  assert.deepEqual([...world.pve.state.guests.keys()], [9003, 9004, 9005]);
});

test("a generation with linked clones stays, and PVE refuses as well", async () => {
  const world = worldOf([start, start + 1, start + 2]);
  const shop = world.shop();
  const params = { newid: asVmid(300), name: "clone", description: "", pool: null, full: false, storage: null };
  await world.clock.until(
    shop.client.clone(pve1, asVmid(9001), params, signal).then((upid) => {
      return shop.tasks.finish(upid, "clone", { deadline: 60_000, signal });
    }),
  );
  const [verdict] = (await judged(world, shop)).filter(({ template }) => template.vmid === 9001);
  assert.equal(verdict?.keep, "disks of 1 guests rest on it (300)");
  assert.ok(verdict !== undefined);
  await assert.rejects(
    world.clock.until(removeTemplate(shop, verdict.template, signal)),
    /still in use by linked clone/,
  );
});

test("a template that somebody changed since it was shown, protected or unmarked is not removed", async () => {
  const changes: readonly ((world: Workbench) => void)[] = [
    (world) => void world.pve.state.guests.get(9001)?.config.set("protection", 1),
    (world) => void world.pve.state.guests.get(9001)?.config.set("description", "mine"),
    (world) => void world.pve.state.guests.get(9001)?.config.set("memory", "1"),
    (world) => void world.pve.state.guests.get(9001)?.config.delete("template"),
  ];
  for (const change of changes) {
    const world = worldOf([start, start + 1, start + 2]);
    const shop = world.shop();
    const shown = (await judged(world, shop)).find(({ template }) => template.vmid === 9001);
    assert.equal(shown?.keep, null);
    change(world);
    const removal = world.clock.until(removeTemplate(shop, shown.template, signal));
    await assert.rejects(removal, (error) => hasCode(error, "conflict", "not_ours"));
    assert.ok(world.pve.state.guests.has(9001));
  }
});

test("a template that a pool names by its VMID stays", async () => {
  const world = worldOf([start, start + 1, start + 2]);
  const verdicts = await judged(world, world.shop(), new Set([asVmid(9001)]));
  assert.equal(verdicts.find(({ template }) => template.vmid === 9001)?.keep, "a pool names it by its VMID");
});
