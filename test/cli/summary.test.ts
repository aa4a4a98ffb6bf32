import assert from "node:assert/strict";
import { test } from "node:test";
import { foreignTouched, summarise } from "../../src/cli/demo/summary.ts";
import type { AuditRecord } from "../../src/emulator/audit.ts";

const pve = (at: number, call: string, vmid: number, status = 200): AuditRecord => ({
  at,
  event: "pve",
  call,
  method: "POST",
  path: `/nodes/pve1/qemu/${vmid}`,
  status,
  reason: "OK",
  vmid,
  volume: null,
});
const job = (at: number, what: "queued" | "started" | "completed", id: number, vmid: number | null): AuditRecord => ({
  at,
  event: "job",
  what,
  job: id,
  runner: vmid === null ? null : `runner-${vmid}`,
  vmid,
});
const world: AuditRecord = { at: 0, event: "world", foreign: { vmids: [205], volumes: ["local:iso/debian.iso"] } };

test("times are taken from the job's queueing to the start of the very guest that ran it", () => {
  const records = [
    world,
    job(100, "queued", 1, null),
    job(200, "queued", 2, null),
    pve(900, "start", 201),
    pve(1_000, "start", 200),
    job(3_000, "started", 1, 200),
    job(3_500, "started", 2, 201),
    job(9_000, "completed", 1, 200),
    // The VMID serves again: its later start is not the one that led to the earlier job.
    pve(9_500, "start", 200),
    job(9_900, "completed", 2, 201),
  ];
  const summary = summarise(records, 2);
  assert.deepEqual(summary.queuedToStartMs, { p50: 700, p95: 900 });
  assert.deepEqual(summary.queuedToRunningMs, { p50: 2_900, p95: 3_300 });
  assert.deepEqual([summary.completed, summary.elapsedMs], [2, 9_800]);
});

test("any mutating call at a guest or volume that was there before counts, also a refused one", () => {
  const upload: AuditRecord = {
    ...(pve(1, "upload", 0) as object),
    vmid: null,
    volume: "local:iso/debian.iso",
  } as AuditRecord;
  assert.equal(foreignTouched([world, pve(1, "clone", 200)]), 0);
  assert.equal(foreignTouched([world, pve(1, "destroy", 205, 500), upload]), 2);
});
