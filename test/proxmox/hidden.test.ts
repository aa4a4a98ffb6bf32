import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName } from "../../src/domain/ids.ts";
import { sweep } from "../../src/runners/remove.ts";
import type { Tools } from "../../src/runners/tools.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();

test("the seed of a guest that was hidden while its clone ran is not blanked by a sweep that began before", async () => {
  const confined = { id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555", confined: true };
  const { site, clock, seeds, spec } = lab({
    spec: { resourcePool: "runners" },
    world: { durations: { clone: 5_000 }, resourcePools: ["runners"], tokens: [confined] },
  });
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  const { guest, node, done } = await clock.until(site.clone({ spec, node: asNodeName("pve1"), marker }, signal));
  await clock.until(seeds.put({ vmid: guest.vmid, node, name: guest.name, userData: "#cloud-config" }, signal));
  const view = await clock.until(site.observe(signal, { seeds: true }));
  assert.deepEqual([view.guests.length, view.seeds.length], [0, 1], "the seed is seen, and its guest is not");
  await clock.until(done);

  const tools = { site, storeNamed: () => seeds } as unknown as Tools;
  const action = {
    kind: "sweep",
    pool: spec.pool,
    why: "its guest is gone",
    vmid: guest.vmid,
    node,
    store: seeds.name,
  } as const;
  await clock.until(sweep(tools, action, signal));
  assert.deepEqual(
    (await clock.until(seeds.list(signal))).map(({ holdsContent }) => holdsContent),
    [true],
  );
});

test("guests of a node that is cut off stay in view with unknown power, also when a pass sweeps", async () => {
  const guests = [
    { vmid: 9000, name: "base", node: "pve1", template: true },
    { vmid: 9001, name: "base", node: "pve2", template: true },
  ];
  const { site, clock, pve, spec } = lab({
    world: { nodes: [{ name: "pve1" }, { name: "pve2" }], guests },
    spec: { nodes: [asNodeName("pve1"), asNodeName("pve2")] },
  });
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  const { guest, done } = await clock.until(site.clone({ spec, node: asNodeName("pve2"), marker }, signal));
  await clock.until(done);
  await clock.until(site.configure(guest, spec, signal));
  await clock.pass(20_000);
  await clock.until(site.observe(signal));
  for (const node of pve.state.spec.nodes) if (node.name === "pve2") node.online = false;
  for (const seeds of [false, true, false]) {
    const view = await clock.until(site.observe(signal, { seeds }));
    assert.deepEqual(
      view.guests.map(({ vmid, power }) => ({ vmid, power })),
      [{ vmid: guest.vmid, power: "unknown" }],
    );
  }
});

test("after a restart a guest in our range whose node is cut off takes room, since it may be ours", async () => {
  const guests = [
    { vmid: 9000, name: "base", node: "pve1", template: true },
    { vmid: 203, node: "pve2" },
    { vmid: 299, node: "pve2" },
    { vmid: 500, node: "pve2" },
  ];
  const { site, clock } = lab({ world: { nodes: [{ name: "pve1" }, { name: "pve2", online: false }], guests } });
  const { hidden } = await clock.until(site.observe(signal));
  assert.deepEqual(
    hidden.map(({ vmid }) => vmid),
    [203],
  );
  assert.match(hidden[0]?.why ?? "", /node pve2 does not tell whose guest it is/);
});
