import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Lab, withTemplate } from "./lab.ts";

const folder = mkdtempSync(join(tmpdir(), "snippets-"));
after(() => rmSync(folder, { recursive: true }));

const storages = [{ name: "local", snippetsFolder: folder }];
const start = (lab: Lab, vmid = 101): Promise<string> =>
  lab.task(lab.post(`/nodes/pve1/qemu/${vmid}/status/start`), 1_000);
const stop = (lab: Lab, vmid = 101): Promise<string> =>
  lab.task(lab.post(`/nodes/pve1/qemu/${vmid}/status/stop`), 1_000);

async function labWith(world: ConstructorParameters<typeof Lab>[0] = {}): Promise<Lab> {
  const lab = new Lab({ ...withTemplate({ image: "debian" }), ...world });
  await lab.cloned(101, { name: "run-1" });
  return lab;
}

test("a start switches a machine on when its task ends, and not before", async () => {
  const lab = await labWith();
  const { data } = await lab.post("/nodes/pve1/qemu/101/status/start");
  await lab.time.pass(700);
  assert.equal(lab.machines.length, 0);
  assert.equal((await lab.status(101)).status, "stopped");
  await lab.time.pass(200);
  assert.equal(await lab.outcome(String(data)), "OK");
  assert.deepEqual(
    lab.machines.map(({ vmid, image }) => [vmid, image]),
    [[101, "debian"]],
  );
  assert.equal((await lab.status(101)).status, "running");
});

test("PVE's own cloud-init drive holds what the options say", async () => {
  const lab = await labWith();
  await lab.put("/nodes/pve1/qemu/101/config", { ciuser: "worker", sshkeys: "ssh-ed25519%20AAAA" });
  const medium = (await lab.started(101)).media().get("ide2");
  assert.equal(medium?.kind, "cloudinit");
  const userData = medium.kind === "cloudinit" ? (medium.files.get("user-data") ?? "") : "";
  assert.match(userData, /^#cloud-config\nhostname: run-1\n/);
  assert.match(userData, /user: worker\n/);
  assert.match(userData, / {2}- ssh-ed25519 AAAA\n/);
});

test("PVE's own cloud-init drive names only the cards that have an ipconfig", async () => {
  const lab = await labWith();
  const network = async (): Promise<string> => {
    const medium = (await lab.started(101)).media().get("ide2");
    return medium?.kind === "cloudinit" ? (medium.files.get("network-config") ?? "") : "";
  };
  await lab.put("/nodes/pve1/qemu/101/config", { net0: "virtio,bridge=vmbr0" });
  assert.match(await network(), /^version: 1\nconfig:\n {4}- type: nameserver\n/);
  await stop(lab);
  await lab.put("/nodes/pve1/qemu/101/config", { ipconfig0: "ip=dhcp" });
  assert.match(await network(), /name: eth0\n.*\n {6}subnets:\n {6}- type: dhcp4\n/);
});

test("a snippet is read at the start, and what is written later waits for the next one", async () => {
  const lab = await labWith({ storages });
  writeFileSync(join(folder, "u.yaml"), "first");
  await lab.put("/nodes/pve1/qemu/101/config", { cicustom: "user=local:snippets/u.yaml" });
  const userData = (): string => {
    const medium = lab.machines.at(-1)?.media().get("ide2");
    return medium?.kind === "cloudinit" ? (medium.files.get("user-data") ?? "") : "";
  };
  await lab.started(101);
  writeFileSync(join(folder, "u.yaml"), "second");
  assert.equal(userData(), "first");
  await stop(lab);
  await lab.started(101);
  assert.equal(userData(), "second");
  rmSync(join(folder, "u.yaml"));
});

test("an ISO's bytes are in the drive, overwritten and deleted files as QEMU has them open", async () => {
  const lab = await labWith();
  const bytes = new TextEncoder().encode("secret");
  assert.equal(await lab.task(lab.upload({ name: "seed.iso", bytes }), 1_000), "OK");
  await lab.put("/nodes/pve1/qemu/101/config", { ide2: "local:iso/seed.iso,media=cdrom" });
  const machine = await lab.started(101);
  const read = (): unknown => {
    const medium = machine.media().get("ide2");
    return medium?.kind === "image" ? new TextDecoder().decode(medium.bytes) : medium;
  };
  assert.equal(read(), "secret");
  await lab.task(lab.upload({ name: "seed.iso", bytes: new Uint8Array(3) }), 1_000);
  assert.equal(read(), "\0\0\0");
  await lab.task(lab.delete("/nodes/pve1/storage/local/content/local:iso/seed.iso"), 1_000);
  assert.equal(read(), "\0\0\0");
  await lab.put("/nodes/pve1/qemu/101/config", { ide2: "none,media=cdrom" });
  assert.equal(read(), undefined);
  assert.deepEqual(
    ((await lab.get("/nodes/pve1/qemu/101/pending")).data as { pending?: unknown }[]).filter((e) => "pending" in e),
    [],
  );
});

test("a CD that is put into a running machine is there at once", async () => {
  const lab = await labWith({ volumes: [{ storage: "local", name: "iso/tools.iso", size: 2048 }] });
  const machine = await lab.started(101);
  await lab.put("/nodes/pve1/qemu/101/config", { ide3: "local:iso/tools.iso,media=cdrom" });
  assert.equal(machine.media().get("ide3")?.kind, "image");
});

const broken: readonly {
  title: string;
  config: Record<string, string | number>;
  outcome: string;
  generation?: "8.4";
}[] = [
  {
    title: "missing snippet",
    config: { cicustom: "user=local:snippets/none.yaml" },
    outcome: "volume 'local:snippets/none.yaml' does not exist",
  },
  {
    title: "snippet on a missing storage",
    config: { cicustom: "user=none:snippets/x.yaml" },
    outcome: "storage 'none' does not exist",
  },
  { title: "missing bridge", config: { net0: "virtio,bridge=vmbr9" }, outcome: "bridge 'vmbr9' does not exist" },
  {
    title: "missing bridge, on 8",
    config: { net0: "virtio,bridge=vmbr9" },
    outcome: "start failed: QEMU exited with code 1",
    generation: "8.4",
  },
  {
    title: "more memory than there is",
    config: { memory: 4_000_000 },
    outcome: "start failed: QEMU exited with code 1",
  },
];
for (const { title, config, outcome, generation = "9.2" } of broken) {
  test(`a start fails in its task only: ${title}`, async () => {
    const lab = await labWith({ generation });
    assert.equal((await lab.put("/nodes/pve1/qemu/101/config", config)).status, 200);
    const { status, data } = await lab.post("/nodes/pve1/qemu/101/status/start");
    await lab.time.pass(1_000);
    assert.deepEqual([status, await lab.outcome(String(data))], [200, outcome]);
    assert.equal((await lab.log(String(data))).at(-1), `TASK ERROR: ${outcome}`);
    assert.equal(lab.machines.length, 0);
    assert.equal((await lab.status(101)).status, "stopped");
  });
}

test("a start fails in its task when an ISO is gone", async () => {
  const lab = await labWith({ volumes: [{ storage: "local", name: "iso/seed.iso" }] });
  await lab.put("/nodes/pve1/qemu/101/config", { ide0: "local:iso/seed.iso,media=cdrom" });
  await lab.task(lab.delete("/nodes/pve1/storage/local/content/local:iso/seed.iso"));
  const { data } = await lab.post("/nodes/pve1/qemu/101/status/start");
  await lab.time.pass(1_000);
  assert.deepEqual(await lab.log(String(data)), [
    "generating cloud-init ISO",
    "TASK ERROR: volume 'local:iso/seed.iso' does not exist",
  ]);
});

test("templates, locked, running and missing guests fail to start in the task", async () => {
  const lab = new Lab({
    guests: [...(withTemplate().guests ?? []), { vmid: 101, running: true }, { vmid: 102, lock: "backup" }],
  });
  assert.equal(await start(lab, 9000), "you can't start a vm if it's a template");
  assert.equal(await start(lab, 101), "VM 101 already running");
  assert.equal(await start(lab, 102), "VM is locked (backup)");
  assert.equal(await start(lab, 777), "Configuration file 'nodes/pve1/qemu-server/777.conf' does not exist");
});

test("a stop ends the machine, and stopping what is stopped is fine", async () => {
  const lab = await labWith();
  const machine = await lab.started(101);
  assert.equal(machine.off.aborted, false);
  assert.equal(await stop(lab), "OK");
  assert.equal(machine.off.aborted, true);
  assert.equal((await lab.status(101)).status, "stopped");
  assert.equal(await stop(lab), "OK");
  assert.equal(await stop(lab, 777), "unable to find configuration file for VM 777 on node 'pve1'");
});

test("a machine that powers itself off is stopped at once, and its old handle then does nothing", async () => {
  const lab = await labWith();
  const machine = await lab.started(101);
  machine.powerOff();
  assert.equal(machine.off.aborted, true);
  assert.equal((await lab.status(101)).status, "stopped");
  await lab.started(101);
  machine.powerOff();
  assert.equal((await lab.status(101)).status, "running");
});

test("a shutdown works through the agent, and times out without it", async () => {
  const lab = await labWith();
  await lab.started(101);
  const shutdown = (form: Record<string, number>): Promise<string> =>
    lab.task(lab.post("/nodes/pve1/qemu/101/status/shutdown", form));
  assert.equal(await shutdown({ timeout: 5 }), "VM quit/powerdown failed - got timeout");
  assert.equal((await lab.status(101)).status, "running");
  assert.equal(await shutdown({ timeout: 5, forceStop: 1 }), "OK");
  await lab.started(101);
  lab.system = { ...lab.system, agentAnswers: () => true };
  assert.equal(await shutdown({ timeout: 5 }), "OK");
  assert.equal((await lab.status(101)).status, "stopped");
});

test("many changes arm one look of the statistics daemon, and an idle world has no timer", async () => {
  const lab = await labWith();
  for (const name of ["a", "b", "c"]) await lab.put("/nodes/pve1/qemu/101/config", { name });
  assert.equal(lab.time.waiting, 1);
  await lab.time.pass(10_000);
  assert.equal(lab.time.waiting, 0);
});

test("a machine of the world file runs from the beginning", async () => {
  const lab = new Lab({ guests: [{ vmid: 101, running: true, image: "db" }] });
  await lab.time.pass(0);
  assert.equal((await lab.status(101)).status, "running");
  assert.deepEqual(
    lab.machines.map(({ image }) => image),
    ["db"],
  );
});
