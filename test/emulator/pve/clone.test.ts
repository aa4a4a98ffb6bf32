import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab, main, withTemplate } from "./lab.ts";

const confined = "ci@pve!main=small";
const withConfined = {
  ...withTemplate(),
  resourcePools: ["runners"],
  tokens: [
    { id: "root@pam!lab", secret: "secret" },
    { id: "ci@pve!main", secret: "small", confined: true },
  ],
};

test("a linked clone takes name, description and resource pool, and copies the template's options", async () => {
  const lab = new Lab({
    ...withTemplate({ tags: ["a", "b"], protection: true, config: { onboot: 1 }, description: "of the template" }),
    resourcePools: ["runners"],
  });
  await lab.cloned(101, { full: 0, name: "run-1", description: "mine \n", pool: "runners" });
  const template = await lab.config(9000);
  const config = await lab.config(101);
  assert.equal(config.name, "run-1");
  assert.equal(config.description, "mine");
  assert.deepEqual([config.tags, config.onboot, config.protection, config.agent], ["a;b", 1, 1, "enabled=1"]);
  assert.equal(config.template, undefined);
  assert.equal(config.lock, undefined);
  assert.equal(config.scsi0, "local:9000/base-9000-disk-0.qcow2/101/vm-101-disk-0.qcow2,size=8192M");
  assert.equal(config.ide2, "local:101/vm-101-cloudinit.qcow2,media=cdrom,size=4M");
  assert.match(String(config.net0), /^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0$/);
  assert.notEqual(config.net0, template.net0);
  assert.notEqual(config.vmgenid, template.vmgenid);
  const { data } = await lab.get("/pools/runners");
  assert.deepEqual(
    (data as { members: { vmid: number }[] }).members.map(({ vmid }) => vmid),
    [101],
  );
});

test("a clone without a name and a description gets a name from its template, and the template's description", async () => {
  const lab = new Lab(withTemplate({ description: "of the template" }));
  await lab.cloned(101);
  const { name, description } = await lab.config(101);
  assert.deepEqual([name, description], ["Copy-of-VM-tpl", "of the template"]);
});

test("while it is copied a clone is locked, and its own description and resource pool come later", async () => {
  const lab = new Lab({ ...withTemplate(), resourcePools: ["runners"] });
  const { data } = await lab.clone(101, { full: 1, name: "run-1", description: "mine", pool: "runners" });
  assert.equal(await lab.free(101), true, "nothing shows it yet");
  await lab.time.pass(100);
  const early = await lab.config(101);
  assert.deepEqual([early.lock, early.description, early.name], ["clone", " qmclone temporary file", undefined]);
  await lab.time.pass(1_000);
  const late = await lab.config(101);
  assert.deepEqual([late.lock, late.description, late.name, late.scsi0], ["clone", "mine", "run-1", undefined]);
  assert.equal(await lab.outcome(String(data)), "running");
  assert.deepEqual(((await lab.get("/pools/runners")).data as { members: unknown[] }).members, []);
  await lab.time.pass(4_000);
  assert.equal(await lab.outcome(String(data)), "OK");
  assert.equal((await lab.config(101)).lock, undefined);
  assert.equal(((await lab.get("/pools/runners")).data as { members: unknown[] }).members.length, 1);
});

test("a clone's UPID names the source and the token", async () => {
  const { data } = await new Lab(withTemplate()).clone(101);
  assert.match(String(data), /^UPID:pve1:[0-9A-F]{8}:[0-9A-F]{8}:[0-9A-F]{8}:qmclone:9000:root@pam!lab:$/);
});

test("a confined token is forbidden to look at a guest until its clone is finished, and at one that is missing", async () => {
  const lab = new Lab(withConfined);
  const config = "/nodes/pve1/qemu/101/config";
  const refusal = "Permission check failed (/vms/101, VM.Audit)";
  assert.equal((await lab.get(config, confined)).reason, refusal);
  await lab.clone(101, { pool: "runners" }, confined);
  await lab.time.pass(200);
  const during = await lab.get(config, confined);
  assert.deepEqual([during.status, during.reason], [403, refusal]);
  assert.equal((await lab.get(config, main)).status, 200);
  assert.equal(JSON.stringify((await lab.get("/nodes/pve1/qemu", confined)).data).includes("101"), false);
  assert.equal((await lab.get("/cluster/nextid?vmid=101", confined)).status, 400);
  await lab.time.pass(1_000);
  assert.equal((await lab.get(config, confined)).status, 200);
});

test("of two clones to one VMID that begin together one loses, in its task", async () => {
  const lab = new Lab(withTemplate());
  const first = await lab.clone(101, { name: "first" });
  const second = await lab.clone(101, { name: "second" });
  assert.deepEqual([first.status, second.status], [200, 200]);
  await lab.time.pass(200);
  const third = await lab.clone(101);
  assert.deepEqual([third.status, third.reason], [500, "unable to create VM 101: config file already exists"]);
  await lab.time.pass(5_000);
  assert.equal(await lab.outcome(String(first.data)), "OK");
  assert.equal(await lab.outcome(String(second.data)), "unable to create VM 101: config file already exists");
  assert.equal((await lab.config(101)).name, "first");
});

test("many clones of one template run side by side", async () => {
  const lab = new Lab(withTemplate());
  const clones = await Promise.all(Array.from({ length: 20 }, (_, n) => lab.clone(200 + n)));
  await lab.time.pass(400);
  for (const { data } of clones) assert.equal(await lab.outcome(String(data)), "OK");
  assert.equal(lab.pve.tally().guests, 20);
});

const plain = { vmid: 300, name: "plain", storage: "local" };
for (const { title, source = 9000, form, refusal } of [
  {
    title: "a source that is missing",
    source: 9999,
    form: {},
    refusal: "unable to find configuration file for VM 9999 on node 'pve1'",
  },
  { title: "a VMID in use", form: { newid: 300 }, refusal: "unable to create VM 300: config file already exists" },
  {
    title: "a resource pool that is missing",
    form: { pool: "none" },
    refusal: "Permission check failed (pool 'none' does not exist)",
  },
  {
    title: "a storage for a linked clone",
    form: { full: 0, storage: "local" },
    refusal: "parameter 'storage' not allowed for linked clones",
  },
  { title: "an unknown storage", form: { full: 1, storage: "none" }, refusal: "storage 'none' does not exist" },
  {
    title: "a linked clone of a guest that is no template",
    source: 300,
    form: { full: 0 },
    refusal: "Linked clone feature is not supported for 'local:300/vm-300-disk-0.qcow2' (scsi0)",
  },
  { title: "a locked source", source: 301, form: { full: 1 }, refusal: "VM is locked (backup)" },
  {
    title: "another node from local storage",
    form: { target: "pve2" },
    refusal: "can't clone VM to node 'pve2' (VM uses local storage)",
  },
]) {
  test(`a clone is refused at once for ${title}`, async () => {
    const lab = new Lab({
      nodes: [{ name: "pve1" }, { name: "pve2" }],
      guests: [...(withTemplate().guests ?? []), plain, { vmid: 301, lock: "backup" }],
    });
    const { reason } = await lab.post(`/nodes/pve1/qemu/${source}/clone`, { newid: 101, ...form });
    assert.equal(reason, refusal);
  });
}

test("a clone of a shared storage's template may lie on another node", async () => {
  const lab = new Lab({
    ...withTemplate(),
    nodes: [{ name: "pve1" }, { name: "pve2" }],
    storages: [{ name: "local", shared: true }],
  });
  await lab.cloned(101, { target: "pve2" });
  assert.equal((await lab.get("/nodes/pve2/qemu/101/config")).status, 200);
  assert.equal((await lab.get("/nodes/pve1/qemu/101/config")).status, 500);
});

test("an aborted clone leaves nothing behind", async () => {
  const lab = new Lab(withTemplate());
  const { data } = await lab.clone(101, { full: 1 });
  await lab.time.pass(1_000);
  const before = await lab.volumes();
  assert.ok(before.some((id) => id.includes("vm-101")));
  assert.equal((await lab.delete(`/nodes/pve1/tasks/${encodeURIComponent(String(data))}`)).status, 200);
  await lab.time.pass(0);
  assert.equal(await lab.outcome(String(data)), "clone failed: copy failed: interrupted by signal");
  assert.equal(await lab.free(101), true);
  assert.equal(
    (await lab.volumes()).some((id) => id.includes("vm-101")),
    false,
  );
  assert.equal(lab.pve.tally().guests, 0);
});

test("a guest whose clone still runs is locked: at once on 9, after ten seconds on 8", async () => {
  for (const { generation, reason, after } of [
    { generation: "9.2", reason: "VM is locked (clone)", after: 0 },
    { generation: "8.4", reason: "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout", after: 10_000 },
  ] as const) {
    const lab = new Lab({ ...withTemplate(), generation, durations: { fullClone: 60_000 } });
    await lab.clone(101, { full: 1 });
    await lab.time.pass(1_000);
    const sent = lab.time.now();
    const put = lab.put("/nodes/pve1/qemu/101/config", { cores: 1 }).then((a) => [a.reason, lab.time.now() - sent]);
    await lab.time.pass(20_000);
    assert.deepEqual(await put, [reason, after]);
  }
});

test("deleting a guest whose clone runs times out on the lock file, in its task", async () => {
  const lab = new Lab({ ...withTemplate(), durations: { fullClone: 60_000 } });
  await lab.clone(101, { full: 1 });
  await lab.time.pass(1_000);
  const outcome = await lab.task(lab.delete("/nodes/pve1/qemu/101?purge=1"), 12_000);
  assert.equal(outcome, "can't lock file '/var/lock/qemu-server/lock-101.conf' - got timeout");
});

test("the first finished clone's name and description are copied onto the foreign guests that the world names", async () => {
  const lab = new Lab({
    guests: [...(withTemplate().guests ?? []), { vmid: 500, name: "theirs" }],
    copyMarkerTo: [500],
  });
  await lab.cloned(101, { name: "run-1", description: "mark 1" });
  await lab.cloned(102, { name: "run-2", description: "mark 2" });
  const { name, description } = await lab.config(500);
  assert.deepEqual([name, description], ["run-1", "mark 1"]);
  assert.deepEqual(
    lab.audit.map((e) => (e.event === "pve" ? e.vmid : e.event)),
    ["world", 101, 102],
  );
});

test("cluster/resources shows a new guest's name and state late, its lock and tags at once", async () => {
  const lab = new Lab(withTemplate({ tags: ["a"] }));
  const resource = async (): Promise<Record<string, unknown>> => {
    const { data } = await lab.get("/cluster/resources?type=vm");
    return (data as Record<string, unknown>[]).find(({ vmid }) => vmid === 101) ?? {};
  };
  await lab.clone(101, { name: "run-1" });
  await lab.time.pass(200);
  assert.deepEqual(await resource(), {
    id: "qemu/101",
    type: "qemu",
    vmid: 101,
    node: "pve1",
    status: "unknown",
    lock: "clone",
    tags: "a",
  });
  await lab.time.pass(11_000);
  assert.deepEqual([(await resource()).status, (await resource()).name], ["stopped", "run-1"]);
  await lab.started(101);
  assert.equal((await resource()).status, "stopped");
  assert.equal((await lab.status(101)).status, "running");
  await lab.time.pass(10_000);
  assert.equal((await resource()).status, "running");
});
