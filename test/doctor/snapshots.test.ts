import assert from "node:assert/strict";
import { test } from "node:test";
import { open } from "./shift.ts";
import { grantsIn, pveIn, variablesIn, type Ward } from "./ward.ts";

for (const generation of ["8.4", "9.2"] as const) {
  test(`on PVE ${generation}, VM.Snapshot taken away costs the self-test its snapshot and nothing else`, async () => {
    const taken = grantsIn({ generation }).find(({ privilege }) => privilege === "VM.Snapshot");
    assert.ok(taken !== undefined);
    const { failure, skipped } = await tried({ generation, taken });
    assert.equal(failure, null);
    assert.deepEqual(skipped, ["snapshot: the token lacks VM.Snapshot, which dispatcher itself does not need"]);
  });

  test(`on PVE ${generation}, a set-up without snapshots is enough, and the self-test says what it left out`, async () => {
    const { failure, skipped } = await tried({ generation, extras: { snapshots: false } });
    assert.equal(failure, null);
    assert.match(skipped.join(), /^snapshot: the token lacks VM\.Snapshot/);
  });

  test(`on PVE ${generation}, a copy that cannot hold snapshots is no failure`, async () => {
    const raw = { scsi0: "disks:9000/base-9000-disk-0.raw,size=8G" };
    const { failure, skipped, changes } = await tried({ generation, clone: "full" }, raw);
    assert.equal(failure, null);
    assert.match(skipped.join(), /^snapshot: the storage or the format of a disk holds no snapshots/);
    assert.deepEqual(changes, []);
  });

  test(`on PVE ${generation}, a linked clone of the same template holds them`, async () => {
    const raw = { scsi0: "disks:9000/base-9000-disk-0.raw,size=8G" };
    const { failure, skipped, changes } = await tried({ generation }, raw);
    assert.deepEqual({ failure, skipped }, { failure: null, skipped: [] });
    assert.deepEqual(changes, ["snapshot", "rollback", "snapshot.delete"]);
  });
}

/** The self-test of a template with these options, and the calls about snapshots that changed something. */
async function tried(ward: Ward, options: Readonly<Record<string, string>> = {}) {
  const { guests, ...others } = pveIn(ward);
  const pve = { ...others, guests: guests.map((guest) => ({ ...guest, config: { ...guest.config, ...options } })) };
  const { selftest, records } = await open({ pve, env: variablesIn(ward) });
  const { failure, skipped } = await selftest();
  const calls = records.flatMap((record) => (record.event === "pve" ? [record.call] : []));
  return {
    failure,
    skipped: skipped.map(({ step, text }) => `${step}: ${text}`),
    changes: calls.filter((call) => /snapshot|rollback/.test(call)),
  };
}
