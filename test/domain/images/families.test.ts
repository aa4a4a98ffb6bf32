import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asVmid } from "../../../src/domain/ids.ts";
import {
  beforePromoted,
  type Generation,
  generationsOf,
  nextGeneration,
  promotedOf,
  promotionTime,
} from "../../../src/domain/images/families.ts";
import { type Uses, verdictsOn } from "../../../src/domain/images/pruning.ts";
import { templateMarkerOf } from "./samples.ts";

const pve1 = asNodeName("pve1");
const pve2 = asNodeName("pve2");

const one = (generation: number, promoted: number | null, change: Partial<Generation> = {}): Generation => ({
  vmid: asVmid(9000 + generation),
  node: pve1,
  marker: templateMarkerOf({ generation, promoted }),
  ...change,
});

const unused: Uses = { clones: new Map(), cloning: new Set(), named: new Set() };

const keptOf = (all: readonly Generation[], uses: Partial<Uses> = {}): readonly (readonly [number, string | null])[] =>
  verdictsOn(all, "debian-13", pve1, { ...unused, ...uses }).map(
    ({ template, keep }) => [template.marker.generation, keep] as const,
  );

test("the generation that was promoted last is cloned from, whatever its number is", () => {
  const all = [one(1, 300), one(2, 200), one(3, null)];
  assert.equal(promotedOf(generationsOf(all, "debian-13", pve1))?.marker.generation, 1);
  assert.equal(beforePromoted(generationsOf(all, "debian-13", pve1))?.marker.generation, 2);
});

test("a family stands for itself on each node", () => {
  const all = [one(1, 100), one(2, 200, { node: pve2 })];
  assert.equal(promotedOf(generationsOf(all, "debian-13", pve1))?.marker.generation, 1);
  assert.equal(promotedOf(generationsOf(all, "ubuntu-2404", pve1)), null);
  assert.equal(nextGeneration(all, "debian-13"), 3, "its numbers are the cluster's");
  assert.equal(nextGeneration(all, "ubuntu-2404"), 1);
});

test("a promotion is later than every one before it, also on a machine whose clock is behind", () => {
  assert.equal(promotionTime([one(1, 500), one(2, null)], 400), 501);
  assert.equal(promotionTime([one(1, 500)], 900), 900);
});

test("what is promoted, what a rollback needs and what is newer stays; older ones may go", () => {
  const all = [one(1, 100), one(2, 200), one(3, 300), one(4, 400), one(5, null)];
  assert.deepEqual(keptOf(all), [
    [5, "it is newer than the promoted one"],
    [4, "it is the promoted one"],
    [3, "a rollback would promote it"],
    [2, null],
    [1, null],
  ]);
});

test("nothing goes while clones rest on it, while it is cloned, while a pool names it, or while none is promoted", () => {
  const all = [one(1, 100), one(2, 200), one(3, 300), one(4, 400)];
  const clones = new Map([[asVmid(9001), [asVmid(201), asVmid(202)]]]);
  assert.deepEqual(keptOf(all, { clones }).slice(2), [
    [2, null],
    [1, "disks of 2 guests rest on it (201, 202)"],
  ]);
  assert.deepEqual(keptOf(all, { cloning: new Set([asVmid(9002)]) })[2], [2, "it is being cloned"]);
  assert.deepEqual(keptOf(all, { named: new Set([asVmid(9001)]) })[3], [1, "a pool names it by its VMID"]);
  assert.deepEqual(keptOf([one(1, null)]), [[1, "no generation of this family is promoted on this node"]]);
});
