import assert from "node:assert/strict";
import { test } from "node:test";
import { installationOf } from "../../src/update/installation.ts";

test("where the program lies says who may replace it", () => {
  assert.deepEqual(installationOf("/opt/dispatcher/releases/1.2.3/dist/main.js"), {
    kind: "releases",
    home: "/opt/dispatcher",
    version: "1.2.3",
  });
  assert.deepEqual(installationOf("/usr/lib/dispatcher/dist/main.js"), { kind: "package" });
  assert.deepEqual(installationOf("/srv/code/dist/main.js"), { kind: "checkout", folder: "/srv/code" });
});
