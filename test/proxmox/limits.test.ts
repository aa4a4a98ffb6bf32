import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asStorageName } from "../../src/domain/ids.ts";
import { createLimits } from "../../src/proxmox/limits.ts";
import { quiet } from "./fake-clock.ts";

/** Work that runs until it is told to end. */
function workshop(): { work: () => Promise<void>; running: () => number; endOne: () => void } {
  const ends: (() => void)[] = [];
  return {
    work: () => new Promise((resolve) => ends.push(resolve)),
    running: () => ends.length,
    endOne: () => ends.shift()?.(),
  };
}

test("no more work runs on one node than its limit, and the next begins when one ends", async () => {
  const limits = createLimits({ perNode: 2, perStorage: 1 });
  const shop = workshop();
  for (let n = 0; n < 3; n++) limits.onNode(asNodeName("pve1"), shop.work);
  await quiet();
  assert.equal(shop.running(), 2);
  shop.endOne();
  await quiet();
  assert.equal(shop.running(), 2);
  shop.endOne();
  await quiet();
  assert.equal(shop.running(), 1);
});

test("nodes and storages do not wait for one another", async () => {
  const limits = createLimits({ perNode: 1, perStorage: 1 });
  const shop = workshop();
  limits.onNode(asNodeName("pve1"), shop.work);
  limits.onNode(asNodeName("pve2"), () => limits.onStorage(asNodeName("pve1"), asStorageName("pve1"), shop.work));
  await quiet();
  assert.equal(shop.running(), 2);
});

test("nodes that share a storage each have its whole limit", async () => {
  const limits = createLimits({ perNode: 1, perStorage: 1 });
  const shop = workshop();
  for (const node of ["pve1", "pve1", "pve2"]) limits.onStorage(asNodeName(node), asStorageName("local"), shop.work);
  await quiet();
  assert.equal(shop.running(), 2);
});

test("failed work gives its place free and its error to the caller", async () => {
  const limits = createLimits({ perNode: 1, perStorage: 1 });
  await assert.rejects(
    limits.onNode(asNodeName("pve1"), () => Promise.reject(new Error("broken"))),
    /broken/,
  );
  assert.equal(await limits.onNode(asNodeName("pve1"), async () => "next"), "next");
});
