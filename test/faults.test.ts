import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { testsIn, testsOf } from "./titles.ts";

/** docs/faults.md promises what tests show: each row names one, by its title. */

const tests = testsIn(import.meta.dirname);
const document = readFileSync(join(import.meta.dirname, "../docs/faults.md"), "utf8");

interface Row {
  readonly table: string;
  readonly cells: readonly string[];
  readonly title: string;
}

const rows: readonly Row[] = document.split(/^## /m).flatMap((section) => {
  const [heading = "", ...lines] = section.split("\n");
  return lines
    .filter((line) => line.startsWith("|") && !/^\|[-|]+$/.test(line) && !line.startsWith("| what goes wrong |"))
    .map((line) => {
      const cells = line.split("|").slice(1, -1);
      return { table: heading, cells: cells.map((cell) => cell.trim()), title: cells.at(-1)?.trim() ?? "" };
    });
});

/** A title alone, or with its groups before it where others have the same. */
const named = (row: Row) => tests.filter(({ title, whole }) => row.title === title || row.title === whole);

test("every row of docs/faults.md names exactly one test", () => {
  assert.ok(rows.length >= 80, `${rows.length} rows`);
  const wrong = rows.filter((row) => named(row).length !== 1).map((row) => `${named(row).length}: ${row.title}`);
  assert.deepEqual(wrong, []);
});

test("every row of docs/faults.md says what goes wrong, what happens, and what shows it", () => {
  const wrong = rows.filter(({ cells }) => cells.length !== 3 || cells.some((cell) => cell === ""));
  assert.deepEqual(wrong, []);
});

test("no table of docs/faults.md names a test twice", () => {
  const keys = rows.map(({ table, title }) => `${table}: ${title}`);
  assert.deepEqual(
    keys.filter((key, at) => keys.indexOf(key) !== at),
    [],
  );
});

test("every test that breaks something on purpose has its row in docs/faults.md", () => {
  const told = new Set(rows.flatMap((row) => named(row)));
  const untold = tests.filter((one) => one.file.endsWith(".faults.ts") && !told.has(one));
  assert.deepEqual(
    untold.map(({ title }) => title),
    [],
  );
});

test("titles are read from the sources as node prints them", () => {
  // Written with # for the dollar sign, so that nobody takes it for a template of this file.
  const source = [
    'test("one", () => {});',
    'describe("a group", () => {',
    '  test("two \\"quoted\\"", () => {});',
    '    test(`a #{what === "x" ? `#{what}!` : "y"} in #{{ a: 1 }.a} holes`, () => {});',
    "});",
    'test(\n  "three",\n  () => {},\n);',
    'const cases = [{ title: "four" }, {\n    title: "five",\n  }];',
    "test(scene.title, () => {});",
  ];
  assert.deepEqual(
    testsOf(source.join("\n").replaceAll("#", "$")).map(({ whole }) => whole),
    ["one", 'a group two "quoted"', "a group a … in … holes", "three", "four", "five"],
  );
});
