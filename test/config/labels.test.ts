import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { readLabels } from "../../src/config/labels.ts";

describe("labels", () => {
  for (const labels of [
    [],
    ["linux", "x64", "ubuntu-22.04"],
    ["Windows", "windows-2022"],
    ["linux-gpu", "macos-like"],
    ["our-ubuntu-latest"],
  ]) {
    test(`${JSON.stringify(labels)} can be matched`, () => {
      const read = readLabels(labels);
      assert.deepEqual(read.ok ? read.value : read.problems, labels);
    });
  }

  const refused: readonly (readonly [readonly string[], RegExp])[] = [
    [["a,b"], /"a,b" holds a comma or a space/],
    [["a b"], /"a b" holds a comma or a space/],
    [[""], /a label is empty/],
    [["a".repeat(257)], /has 257 characters; at most 256/],
    [["gpu", "GPU"], /"GPU" repeats "gpu"/],
    [["Ubuntu-Latest"], /"Ubuntu-Latest" means GitHub's own machines/],
    [["windows-2022", "linux"], /"windows-2022" and "linux" name different systems/],
    [["ubuntu-22.04", "ubuntu-24.04"], /"ubuntu-22.04" and "ubuntu-24.04" name different systems/],
    [["linux", "macos"], /"linux" and "macos" name different systems/],
    [["dispatcher-lab"], /"dispatcher-lab" is reserved/],
  ];
  for (const [labels, expected] of refused) {
    test(`${JSON.stringify(labels).slice(0, 40)} are refused with the cause`, () => {
      const read = readLabels(labels);
      assert.ok(!read.ok);
      assert.equal(read.problems.length, 1, read.problems.join("\n"));
      assert.match(read.problems[0] ?? "", expected);
    });
  }
});
