import assert from "node:assert/strict";
import { test } from "node:test";
import { type BuildSight, nextStep } from "../../../src/domain/images/build-step.ts";

const bare: BuildSight = {
  busy: null,
  phase: "claimed",
  template: false,
  running: false,
  disk: null,
  image: false,
  seed: false,
};

const stepAt = (change: Partial<BuildSight>): string => nextStep({ ...bare, ...change }, 20).do;

test("each sight has one next step", () => {
  assert.equal(stepAt({}), "fetch");
  assert.equal(stepAt({ phase: "fetched", image: true }), "import");
  assert.equal(stepAt({ phase: "fetched", image: true, disk: 2 }), "grow");
  assert.equal(stepAt({ phase: "fetched", image: true, disk: 20 }), "note import");
  assert.equal(stepAt({ phase: "imported", image: true, disk: 20 }), "drop image");
  assert.equal(stepAt({ phase: "imported", disk: 20 }), "boot");
  assert.equal(stepAt({ phase: "booting", running: true }), "watch");
  assert.equal(stepAt({ phase: "customised", running: true }), "shut down");
  assert.equal(stepAt({ phase: "customised" }), "seal");
  assert.equal(stepAt({ phase: "sealed", seed: true }), "drop seed");
  assert.equal(stepAt({ phase: "sealed" }), "convert");
  assert.equal(stepAt({ phase: "sealed", template: true }), "finish");
});

test("while a task is at work nothing else is done", () => {
  assert.equal(stepAt({ busy: "task download is at work" }), "wait");
});

test("a file that nobody noted, and a disk of which nobody knows how far it came, are not gone on with", () => {
  assert.equal(stepAt({ image: true }), "drop image");
  assert.equal(stepAt({ phase: "fetched" }), "start over");
  assert.equal(stepAt({ phase: "booting" }), "start over");
  assert.equal(stepAt({ phase: "imported", running: true }), "start over");
  assert.equal(stepAt({ phase: "sealed", running: true }), "start over");
});
