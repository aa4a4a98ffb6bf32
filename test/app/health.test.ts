import assert from "node:assert/strict";
import { test } from "node:test";
import { Health } from "../../src/app/health.ts";
import { SECOND } from "../../src/domain/time.ts";
import { ManualClock } from "../clock.ts";

const open = (): Health => new Health(new ManualClock(), 15 * SECOND, { version: "1.2.3", instance: "lab" });

test("health says whether this dispatcher may change anything, and why not", () => {
  const health = open();
  assert.equal(health.report().role, "standby");
  assert.match(health.report().standby ?? "", /just started/);
  health.role({ kind: "holder" });
  const { role, standby } = health.report();
  assert.deepEqual({ role, standby }, { role: "holder", standby: null });
  health.role({ kind: "standby", why: "the lease of VMIDs 200-299 (guest 299): host:17@boot holds it", inTurn: true });
  assert.equal(health.report().role, "standby");
  assert.match(health.report().standby ?? "", /host:17@boot holds it/);
});

test("a standby that waits is healthy", () => {
  const health = open();
  health.role({ kind: "standby", why: "another holds it", inTurn: true });
  health.passed();
  assert.equal(health.report().ok, true);
});

test("a standby that can never get the lease is not healthy", () => {
  const health = open();
  health.role({ kind: "standby", why: "VMID 299, which is kept for the lease, holds guest database", inTurn: false });
  health.passed();
  assert.equal(health.report().ok, false);
});

test("what keeps a standby waiting is told without secrets", () => {
  const health = open();
  health.role({
    kind: "standby",
    why: "PVE GET /cluster/resources with PVEAPIToken=a@b!c=secret: no answer",
    inTurn: false,
  });
  assert.doesNotMatch(health.report().standby ?? "", /=secret/);
});
