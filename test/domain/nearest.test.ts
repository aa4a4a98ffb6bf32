import assert from "node:assert/strict";
import { test } from "node:test";
import { nearest } from "../../src/domain/nearest.ts";

const known = ["template", "labels", "max_runners", "memory", "name", "nodes"];

for (const [word, expected] of [
  ["templat", "template"],
  ["tempalte", "template"],
  ["Lables", "labels"],
  ["maxRunners", "max_runners"],
  ["max-runners", "max_runners"],
  ["memroy", "memory"],
  ["node", "nodes"],
  ["ram", null],
  ["template_name", null],
  ["", null],
] as const) {
  test(`"${word}" was probably meant as ${expected === null ? "nothing known" : `"${expected}"`}`, () => {
    assert.equal(nearest(word, known), expected);
  });
}

test("of two near words the nearer one is meant", () => {
  assert.equal(nearest("cones", ["codes", "cores", "cone"]), "codes");
  assert.equal(nearest("vmid_ent", ["vmid_start", "vmid_end"]), "vmid_end");
});
