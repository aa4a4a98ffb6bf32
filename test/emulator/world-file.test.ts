import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { readWorld } from "../../src/emulator/world-file.ts";

test("the world that the documents describe is one", () => {
  const text = readFileSync("docs/emulator.md", "utf8");
  const block = text.split("\n").filter((line) => line.startsWith("    ") && !line.includes("node dist/main.js"));
  const world = readWorld("docs/emulator.md", block.join("\n"));
  assert.deepEqual(world.pve.copyMarkerTo, [200]);
  assert.equal(world.github.jobs[0]?.count, 10);
});

test("every problem of a world file comes out at once, with its place", () => {
  const text = "pve:\n  nodez: []\n  guests: [{ vmid: 1 }]\ngithub:\n  jobs: [{ count: 0 }]\n";
  assert.throws(
    () => readWorld("world.yaml", text),
    (error: Error) =>
      ["nodez", "pve.guests.0.vmid", "github.jobs.0.count"].every((part) => error.message.includes(part)),
  );
});

test("a world file that is no YAML is named with the cause", () => {
  assert.throws(() => readWorld("world.yaml", "pve: ["), /world file world\.yaml: /);
});
