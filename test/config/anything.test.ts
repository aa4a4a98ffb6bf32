import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { environmentNames } from "../../src/config/environment.ts";
import { load, required } from "./given.ts";

const snippets = [
  "pools:",
  "- name: a",
  "vmids: 300-309",
  "github:",
  "labels: [",
  "]",
  "{",
  "}",
  "\n",
  "  ",
  "null",
  "*a",
  "&a",
  "1",
];

/** Values that come near to what is right get further than noise. */
const values = fc.oneof(
  fc.string(),
  fc.constantFrom("", "0", "12", "200-299", "a/b", "5m", "true", "https://x", "[", "\n"),
);

test("whatever is written, either a configuration or sentences come out, and no exception", () => {
  const variables = fc.dictionary(fc.constantFrom(...environmentNames), values);
  const yaml = fc.oneof(
    fc.string(),
    fc.array(fc.constantFrom(...snippets), { maxLength: 20 }).map((parts) => parts.join("")),
  );
  fc.assert(
    fc.property(variables, yaml, (given, text) => {
      const loaded = load({ ...required, ...given }, { "dispatcher.yaml": text });
      if (loaded.ok) return loaded.config.pools.length > 0;
      assert.ok(loaded.problems.length > 0);
      return loaded.problems.every((problem) => /^[^:]+: ./s.test(problem));
    }),
    { numRuns: 300, seed: 7 },
  );
});
