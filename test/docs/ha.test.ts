import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testsIn } from "../titles.ts";

const folder = join(import.meta.dirname, "..");
const [, backing = ""] = readFileSync(join(folder, "../docs/ha.md"), "utf8").split("## What backs this\n");

test("each claim of docs/ha.md names a test that there is", () => {
  const titles = new Set(testsIn(folder).map(({ title }) => title));
  const named = [...backing.matchAll(/\| "(.+)" \|$/gm)].map(([, title = ""]) => title);
  assert.ok(named.length > 5, "the table is found");
  assert.deepEqual(
    named.filter((title) => !titles.has(title)),
    [],
  );
});
