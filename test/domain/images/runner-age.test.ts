import assert from "node:assert/strict";
import { test } from "node:test";
import { behindBy } from "../../../src/domain/images/runner-age.ts";

const releases = [
  { version: "2.336.0", published: 500 },
  { version: "2.335.1", published: 300 },
  { version: "2.9.0", published: 100 },
];

test("a runner is behind since the first release after it", () => {
  assert.equal(behindBy("2.336.0", releases, 900), 0);
  assert.equal(behindBy("2.335.1", releases, 900), 400);
  assert.equal(behindBy("2.335.0", releases, 900), 600, "numbers are compared, not letters");
});

test("what nobody knows is no number", () => {
  assert.equal(behindBy("2.336.0", [], 900), null);
  assert.equal(behindBy("own build", releases, 900), null);
});
