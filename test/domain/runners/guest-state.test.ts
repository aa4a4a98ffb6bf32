import assert from "node:assert/strict";
import { test } from "node:test";
import { parseGuestState, spellState } from "../../../src/domain/runners/guest-state.ts";

const said: readonly (readonly [text: string, state: string])[] = [
  ["starting\n", "starting"],
  ["listening\n", "listening"],
  ["job 12345678901\n", "job 12345678901"],
  ["job unknown\n", "job unknown"],
  ["done", "done"],
  ["failed: the runner ended with 3\n", "failed: the runner ended with 3"],
];

test("each word that run-once and the hooks write is understood", () => {
  for (const [text, state] of said) assert.equal(spellState(parseGuestState(text)), state, text);
});

const hostile: Readonly<Record<string, string | null>> = {
  "no file": null,
  "an empty file": "",
  "a file that is only a line end": "\n",
  "two lines": "listening\njob 1\n",
  "a second line end": "listening\n\n",
  "blanks around": " listening ",
  "another case": "Listening",
  "a word that nobody writes": "idle",
  "a job without an id": "job ",
  "a job with words": "job 1 listening",
  "an id of a thousand digits": `job ${"1".repeat(1_000)}`,
  "a failure without a reason": "failed: ",
  "a failure of a megabyte": `failed: ${"x".repeat(1_000_000)}`,
  "an escape sequence": "failed: \u001b[2Jgone",
  "a carriage return": "done\rjob 1",
  "a zero byte": "listening\0",
  "bytes that are no text": "\ufffd\ufffd\u0001",
  "letters beyond ASCII": "failed: kaputt\u202e",
};

for (const [what, text] of Object.entries(hostile)) {
  test(`${what} is unknown`, () => {
    assert.deepEqual(parseGuestState(text), { kind: "unknown" });
  });
}
