import assert from "node:assert/strict";
import { test } from "node:test";
import { whileHolding } from "../../src/app/hold.ts";
import { asInstanceName } from "../../src/domain/ids.ts";
import type { LeaseText } from "../../src/domain/lease.ts";
import { Lease, type LeaseRecord } from "../../src/engine/lease.ts";
import { Writer } from "../../src/engine/writer.ts";
import { ManualClock } from "../clock.ts";
import { seededChance } from "../lab.ts";

/** A lease that several processes see. */
function stage() {
  const clock = new ManualClock();
  const paper: { lease: LeaseText | null } = { lease: null };
  const put = async (lease: LeaseText): Promise<boolean> => {
    paper.lease = lease;
    return true;
  };
  const record: LeaseRecord = {
    name: "the lease of VMIDs 200-299 (guest 299)",
    read: async () => (paper.lease === null ? { kind: "absent" } : { kind: "written", lease: paper.lease }),
    create: put,
    replace: put,
  };
  let seed = 0;
  const writerOf = (holder: string): Writer => {
    const moment = () => ({ steady: clock.now(), wall: clock.now() });
    const common = { record, instance: asInstanceName("home"), chance: seededChance(++seed), moment };
    return new Writer({ leases: [new Lease({ ...common, holder, isDead: () => false })], clock, onRole: () => {} });
  };
  return { clock, paper, writerOf };
}

test("a command that changes something holds the lease meanwhile, and gives it back", async () => {
  const { paper, writerOf } = stage();
  const writer = writerOf("one");
  const held = await whileHolding(writer, async () => {
    assert.equal(writer.role().kind, "holder");
    assert.equal(paper.lease?.released, false);
    return "done";
  });
  assert.deepEqual(held, { held: true, value: "done" });
  assert.equal(paper.lease?.released, true);
  assert.equal((await whileHolding(writerOf("two"), async () => "at once")).held, true);
});

test("a command that takes longer than the lease keeps it to its end", async () => {
  const { clock, writerOf } = stage();
  const writer = writerOf("one");
  const held = whileHolding(writer, () => clock.sleep(300_000).then(() => writer.role().kind));
  await clock.pass(301_000);
  assert.deepEqual(await held, { held: true, value: "holder" });
});

test("a command that fails gives the lease back, too", async () => {
  const { paper, writerOf } = stage();
  await assert.rejects(
    whileHolding(writerOf("one"), () => Promise.reject(new Error("clone 200: no"))),
    /clone 200: no/,
  );
  assert.equal(paper.lease?.released, true);
});

test("a command does nothing while a daemon holds the lease, and names it", async () => {
  const { paper, writerOf } = stage();
  await writerOf("host:17@boot").attempt(new AbortController().signal);
  const before = paper.lease;
  let worked = false;
  const held = await whileHolding(writerOf("two"), async () => {
    worked = true;
  });
  assert.ok(!held.held);
  assert.match(held.why, /VMIDs 200-299 .*host:17@boot holds it/);
  assert.equal(worked, false);
  assert.equal(paper.lease, before, "the daemon's lease is as it was");
});
