import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab, withTemplate } from "./lab.ts";

async function labWith(world: ConstructorParameters<typeof Lab>[0] = {}): Promise<Lab> {
  const lab = new Lab({ ...withTemplate({ image: "debian" }), ...world });
  await lab.cloned(101, { name: "run-1" });
  return lab;
}

test("a destroyed guest is gone with its volumes, and its VMID is free", async () => {
  const lab = await labWith();
  assert.equal(await lab.task(lab.delete("/nodes/pve1/qemu/101?purge=1&destroy-unreferenced-disks=0"), 1_000), "OK");
  assert.equal(await lab.free(101), true);
  assert.equal(
    (await lab.volumes()).some((id) => id.includes("vm-101")),
    false,
  );
  assert.equal(lab.pve.tally().guests, 0);
  const again = await lab.delete("/nodes/pve1/qemu/101");
  assert.equal(again.reason, "Configuration file 'nodes/pve1/qemu-server/101.conf' does not exist");
});

test("running, protected and skiplocked guests are not destroyed, and say so at once", async () => {
  const lab = new Lab({
    guests: [
      { vmid: 101, running: true },
      { vmid: 102, protection: true },
    ],
  });
  assert.equal((await lab.delete("/nodes/pve1/qemu/101")).reason, "VM 101 is running - destroy failed");
  assert.equal((await lab.delete("/nodes/pve1/qemu/102")).reason, "can't remove VM 102 - protection mode enabled");
  assert.deepEqual((await lab.delete("/nodes/pve1/qemu/102?skiplock=1")).errors, {
    skiplock: "Only root may use this option.",
  });
});

test("a template with linked clones is kept, and a locked guest too, in the task", async () => {
  const lab = await labWith({ guests: [...(withTemplate().guests ?? []), { vmid: 300, lock: "backup" }] });
  assert.equal(
    await lab.task(lab.delete("/nodes/pve1/qemu/9000")),
    "base volume 'local:9000/base-9000-disk-0.qcow2' is still in use by linked cloned",
  );
  assert.equal(await lab.task(lab.delete("/nodes/pve1/qemu/300")), "VM is locked (backup)");
});

test("a destroy that meets a start waits for it, and then refuses", async () => {
  const lab = await labWith();
  const { data: up } = await lab.post("/nodes/pve1/qemu/101/status/start");
  const { data: down } = await lab.delete("/nodes/pve1/qemu/101");
  await lab.time.pass(2_000);
  assert.equal(await lab.outcome(String(up)), "OK");
  assert.equal(await lab.outcome(String(down)), "VM 101 is running - destroy failed");
});
