import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab } from "./lab.ts";

const guest = { vmid: 101, name: "ci-1", cloudInitDrive: true };
const snapshots = "/nodes/pve1/qemu/101/snapshot";

async function exit(lab: Lab, upid: unknown): Promise<string | undefined> {
  await lab.time.pass(60_000);
  return lab.pve.state.tasks.find(String(upid))?.end?.status;
}

test("a rollback brings the configuration back, and what was set later is lost", async () => {
  const lab = new Lab({ guests: [guest] });
  assert.equal(await exit(lab, (await lab.post(snapshots, { snapname: "warm" })).data), "OK");
  await lab.put("/nodes/pve1/qemu/101/config", { tags: "later", description: "later" });
  assert.equal(await exit(lab, (await lab.post(`${snapshots}/warm/rollback`)).data), "OK");
  const { data } = await lab.get("/nodes/pve1/qemu/101/config");
  assert.equal((data as Record<string, unknown>).tags, undefined);
  assert.equal((data as Record<string, unknown>).parent, "warm");
});

test("a snapshot with memory comes up running without being told to", async () => {
  const lab = new Lab({ guests: [{ ...guest, running: true }] });
  await lab.time.pass(10);
  assert.equal(await exit(lab, (await lab.post(snapshots, { snapname: "warm", vmstate: 1 })).data), "OK");
  await lab.post("/nodes/pve1/qemu/101/status/stop");
  await lab.time.pass(10_000);
  assert.equal(await exit(lab, (await lab.post(`${snapshots}/warm/rollback`)).data), "OK");
  const { data } = await lab.get("/nodes/pve1/qemu/101/status/current");
  assert.equal((data as Record<string, unknown>).status, "running");
});

test("a name that is taken or missing shows only in the task", async () => {
  const lab = new Lab({ guests: [guest] });
  await exit(lab, (await lab.post(snapshots, { snapname: "warm" })).data);
  const taken = (await lab.post(snapshots, { snapname: "warm" })).data;
  assert.equal(await exit(lab, taken), "snapshot name 'warm' already used");
  const missing = (await lab.post(`${snapshots}/none/rollback`)).data;
  assert.equal(await exit(lab, missing), "snapshot 'none' does not exist");
});
