import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { journalFileIn } from "../../src/app/journal-file.ts";
import type { JournalFile } from "../../src/engine/journal.ts";

/** In a folder that is not there yet. */
function within(play: (file: JournalFile, folder: string) => void): void {
  const home = mkdtempSync(join(tmpdir(), "journal-"));
  try {
    const folder = join(home, "state", "dispatcher");
    const file = journalFileIn(folder);
    assert.ok(file);
    play(file, folder);
  } finally {
    rmSync(home, { recursive: true });
  }
}

test("without a state folder there is no journal", () => {
  assert.equal(journalFileIn(null), null);
});

test("a missing state folder is made, and what is written is read by the next process", () =>
  within((file, folder) => {
    assert.equal(file.read(), null);
    file.replace("first\n");
    file.append("second\n");
    assert.equal(journalFileIn(folder)?.read(), "first\nsecond\n");
  }));

test("a journal is replaced whole: whoever reads meanwhile sees the old one to its end", () =>
  within((file, folder) => {
    file.replace("a long old journal\n");
    const reader = openSync(join(folder, "journal.jsonl"), "r");
    try {
      file.replace("new\n");
      assert.equal(readFileSync(reader, "utf8"), "a long old journal\n");
      assert.equal(file.read(), "new\n");
    } finally {
      closeSync(reader);
    }
  }));

test("what a crash left half replaced costs nothing", () =>
  within((file, folder) => {
    file.replace("old\n");
    writeFileSync(join(folder, "journal.jsonl.new"), "ha");
    assert.equal(file.read(), "old\n");
    file.replace("new\n");
    assert.equal(file.read(), "new\n");
    assert.deepEqual(readdirSync(folder), ["journal.jsonl"]);
  }));

test("nobody else on the machine reads the journal", () =>
  within((file, folder) => {
    file.replace("first\n");
    file.append("second\n");
    assert.equal(statSync(join(folder, "journal.jsonl")).mode & 0o777, 0o600);
  }));
