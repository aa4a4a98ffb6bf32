import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asGuestName, asRunnerId } from "../../src/domain/ids.ts";
import { bench, never, ofRepository, poolOf } from "./bench.ts";

test("on standby nothing is registered or removed at GitHub, and lists are read", async () => {
  const { github, forge } = bench({ whyNotChange: () => "another holds the lease" });
  const standby = (error: unknown): boolean =>
    hasCode(error, "standby") && /another holds the lease/.test(error.message);
  const name = asGuestName("vm-abc");
  await assert.rejects(forge.mint(poolOf(ofRepository("o/r")), name, never), standby);
  await assert.rejects(forge.deregister("repos/o/r", { id: asRunnerId(1), name }, never), standby);
  assert.deepEqual([...github.calls("POST", /./), ...github.calls("DELETE", /./)], []);
  const { lists } = await forge.observe(never);
  assert.deepEqual(
    lists.map(({ scope }) => scope),
    ["repos/o/r"],
  );
});
