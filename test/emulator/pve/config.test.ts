import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { type Form, Lab, withTemplate } from "./lab.ts";

let lab: Lab;
const path = "/nodes/pve1/qemu/101/config";
const put = (form: Form): ReturnType<Lab["put"]> => lab.put(path, form);

beforeEach(async () => {
  lab = new Lab({ ...withTemplate(), volumes: [{ storage: "local", name: "iso/seed.iso", size: 376832 }] });
  await lab.cloned(101, { name: "run-1" });
});

test("any change gives another digest, and going back the same one again", async () => {
  await put({ description: "A" });
  const a = (await lab.config(101)).digest;
  await put({ description: "B" });
  const b = (await lab.config(101)).digest;
  await put({ description: "A" });
  assert.match(String(a), /^[0-9a-f]{40}$/);
  assert.notEqual(a, b);
  assert.equal((await lab.config(101)).digest, a);
});

test("of several changes with one digest exactly one wins", async () => {
  const { digest } = await lab.config(101);
  const answers = await Promise.all(
    [1, 2, 3, 4, 5, 6].map((n) => put({ description: `writer ${n}`, digest: String(digest) })),
  );
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  const lost = answers.filter(({ status }) => status === 500).map(({ reason }) => reason);
  assert.deepEqual(new Set(lost), new Set(["checksum mismatch (file change by other user?)"]));
});

test("descriptions keep everything but white space at their end", async () => {
  const text = '  {"v":1}\n\nzweite Zeile ü→日本 😀\t%41 + : #';
  await put({ description: `${text} \n\n` });
  assert.equal((await lab.config(101)).description, text);
  await put({ description: "  \n" });
  assert.equal((await lab.config(101)).description, undefined);
});

test("a description may have 8192 characters", async () => {
  assert.equal((await put({ description: "é".repeat(8192) })).status, 200);
  assert.deepEqual((await put({ description: "é".repeat(8193) })).errors, {
    description: "value may only be 8192 characters long",
  });
});

test("tags are sorted, once each and in lower case", async () => {
  await put({ tags: "Zeta,alpha beta;alpha" });
  assert.equal((await lab.config(101)).tags, "alpha;beta;zeta");
});

for (const { form, errors } of [
  { form: { tags: "ok;bad!tag" }, errors: { tags: "invalid format - invalid characters in tag\n" } },
  { form: { name: "bücher" }, errors: { name: "invalid format - value does not look like a valid DNS name\n" } },
  {
    form: { memory: "lots" },
    errors: { memory: "invalid format - format error\nmemory.current: type check ('integer') failed - got 'lots'\n" },
  },
  { form: { memory: 800, digest: "0".repeat(65) }, errors: { digest: "value may only be 40 characters long" } },
  { form: { delete: "bogus" }, errors: { delete: "unknown option 'bogus'" } },
  {
    form: { delete: "memory", memory: 512 },
    errors: { delete: "you can't use '-memory' and -delete memory' at the same time" },
  },
  { form: { memory: 512, skiplock: 1 }, errors: { skiplock: "Only root may use this option." } },
  {
    form: { sshkeys: "ssh-ed25519 AAAA me@x" },
    errors: { sshkeys: "invalid format - invalid urlencoded string: ssh-ed25519 AAAA me@x\n" },
  },
] satisfies { form: Form; errors: Record<string, string> }[]) {
  test(`a change is refused for its parameters: ${JSON.stringify(form).slice(0, 50)}`, async () => {
    assert.deepEqual((await put(form)).errors, errors);
  });
}

for (const { form, reason } of [
  { form: {}, reason: "no options specified" },
  { form: { args: "-foo" }, reason: "only root can set 'args' config" },
  { form: { delete: "lock" }, reason: "only root can set 'lock' config" },
  { form: { ide2: "local:iso/none.iso,media=cdrom" }, reason: "volume 'local:iso/none.iso' does not exist" },
  { form: { ide2: "none:iso/x.iso,media=cdrom" }, reason: "storage 'none' does not exist" },
  { form: { memory: 800, digest: "0".repeat(40) }, reason: "checksum mismatch (file change by other user?)" },
] satisfies { form: Form; reason: string }[]) {
  test(`a change is refused: ${reason}`, async () => {
    const before = await lab.config(101);
    const answer = await put(form);
    assert.deepEqual([answer.status, answer.reason], [500, reason]);
    assert.deepEqual(await lab.config(101), before);
  });
}

test("a locked guest is not changed, neither at once nor later", async () => {
  const locked = new Lab({ guests: [{ vmid: 101, lock: "backup" }] });
  assert.equal((await locked.put(path, { cores: 1 })).reason, "VM is locked (backup)");
  assert.equal((await locked.post(path, { cores: 1 })).reason, "VM is locked (backup)");
  assert.equal((await locked.get(path)).status, 200);
});

test("an ISO on the slot of the cloud-init drive takes its place and drops its volume", async () => {
  assert.ok((await lab.volumes()).includes("local:101/vm-101-cloudinit.qcow2"));
  await put({ ide2: "local:iso/seed.iso,media=cdrom" });
  const { ide2, boot } = await lab.config(101);
  assert.deepEqual([ide2, boot], ["local:iso/seed.iso,media=cdrom,size=368K", "order=scsi0;ide2"]);
  assert.equal((await lab.volumes()).includes("local:101/vm-101-cloudinit.qcow2"), false);
  assert.equal((await put({ ide2: "none,media=cdrom" })).status, 200);
  assert.equal((await lab.config(101)).ide2, "none,media=cdrom");
  assert.ok((await lab.volumes()).includes("local:iso/seed.iso"));
});

test("cicustom is not looked at before the start", async () => {
  assert.equal((await put({ cicustom: "user=nosuch:snippets/x.yaml" })).status, 200);
});

test("options are removed by name, also unset ones", async () => {
  await put({ tags: "x" });
  assert.equal((await put({ delete: "tags,nameserver" })).status, 200);
  assert.equal((await lab.config(101)).tags, undefined);
});

test("a network without an address gets one", async () => {
  await put({ net0: "virtio,bridge=vmbr0,tag=20" });
  assert.match(String((await lab.config(101)).net0), /^virtio=BC:24:11:[0-9A-F:]{8},bridge=vmbr0,tag=20$/);
});

test("passwords are not shown", async () => {
  await put({ cipassword: "hunter2" });
  assert.equal((await lab.config(101)).cipassword, "**********");
});

test("a protected guest keeps its disk", async () => {
  await put({ protection: 1 });
  assert.equal((await put({ delete: "scsi0" })).reason, "can't remove drive 'scsi0' - protection mode enabled");
  assert.equal((await put({ tags: "x" })).status, 200);
});

test("on a running machine memory waits for the next start, name and tags do not", async () => {
  await lab.started(101);
  await put({ memory: 900, tags: "x" });
  assert.equal((await lab.config(101)).memory, "900");
  const active = (await lab.get(`${path}?current=1`)).data as Record<string, unknown>;
  assert.deepEqual([active.memory, active.tags], ["2048", "x"]);
  const pending = (await lab.get("/nodes/pve1/qemu/101/pending")).data as { key: string }[];
  assert.deepEqual(
    pending.find(({ key }) => key === "memory"),
    { key: "memory", value: "2048", pending: "900" },
  );
  await lab.task(lab.post("/nodes/pve1/qemu/101/status/stop"), 1_000);
  assert.equal(((await lab.get(`${path}?current=1`)).data as Record<string, unknown>).memory, "900");
});

test("what is pending can be reverted", async () => {
  await lab.started(101);
  await put({ memory: 900 });
  await put({ revert: "memory" });
  assert.equal((await lab.config(101)).memory, "2048");
});

test("the asynchronous change shows in its task what it does", async () => {
  const { data } = await lab.post(path, { memory: 700, cipassword: "hunter2" });
  assert.match(String(data), /:qmconfig:101:/);
  await lab.time.pass(1_000);
  assert.deepEqual(await lab.log(String(data)), ["update VM 101: -memory 700 -cipassword <hidden>", "TASK OK"]);
  assert.equal((await lab.config(101)).memory, "700");
});

for (const { title, form, outcome } of [
  { title: "grows", form: { disk: "scsi0", size: "10G" }, outcome: "OK" },
  { title: "grows by an amount", form: { disk: "scsi0", size: "+2G" }, outcome: "OK" },
  { title: "never shrinks", form: { disk: "scsi0", size: "1G" }, outcome: "shrinking disks is not supported" },
  { title: "must be there", form: { disk: "scsi5", size: "+1G" }, outcome: "disk 'scsi5' does not exist" },
]) {
  test(`a disk ${title}`, async () => {
    assert.equal(await lab.task(lab.put("/nodes/pve1/qemu/101/resize", form), 1_000), outcome);
    const size = /size=(\w+)/.exec(String((await lab.config(101)).scsi0))?.[1];
    assert.equal(size, outcome === "OK" ? "10G" : "8192M");
  });
}
