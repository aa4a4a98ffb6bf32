import assert from "node:assert/strict";
import { test } from "node:test";
import { type Form, Lab, main } from "../emulator/pve/lab.ts";

/**
 * What Packer's Proxmox plugin asks of PVE for one Linux image, in its order. Between the keys and the shutdown stands the
 * installation, which no emulated guest makes: there Packer waits for the guest agent, until its ssh_timeout.
 */

const node = "/nodes/pve1";
const machine: Form = {
  ...{ name: "debian-13-runner", description: "Packer ephemeral build VM", agent: 1, onboot: 0, kvm: 1 },
  ...{
    ostype: "l26",
    cpu: "x86-64-v2-AES",
    cores: 2,
    sockets: 1,
    memory: 8192,
    balloon: 0,
    scsihw: "virtio-scsi-single",
  },
  ...{ serial0: "socket", net0: "virtio,bridge=vmbr0", scsi0: "local-lvm:40,discard=on,iothread=1,ssd=1" },
  ide0: "local:iso/debian-13.0.0-amd64-netinst.iso,media=cdrom",
};
const sum = "e363cae0f1f22ed73363d0bde50b4ca582cb2816185cf6eac28e93d9bb9e1504";
const description = "Image of dispatcher, by Packer. Family: debian-13. Runner: 2.329.0.";

/** As far as the start of the installer, and the name of the new guest. */
async function untilTyped(lab: Lab): Promise<string> {
  const download = lab.post(`${node}/storage/local/download-url`, {
    ...{ content: "iso", filename: "debian-13.0.0-amd64-netinst.iso", checksum: sum, "checksum-algorithm": "sha256" },
    url: "https://cdimage.debian.org/cdimage/archive/13.0.0/amd64/iso-cd/debian-13.0.0-amd64-netinst.iso",
  });
  assert.equal(await lab.task(download, 600_000), "OK");
  const { data: vmid } = await lab.get("/cluster/nextid");
  const guest = `${node}/qemu/${vmid}`;
  assert.equal(await lab.task(lab.post(`${node}/qemu`, { vmid: String(vmid), ...machine })), "OK");
  assert.equal(await lab.task(lab.post(`${guest}/status/start`)), "OK");
  for (const key of ["esc", "a", "u", "t", "o", "spc", "shift-semicolon", "ret"]) {
    const typed = await lab.put(`${guest}/sendkey`, { key });
    assert.deepEqual([typed.status, typed.data], [200, null], key);
  }
  return guest;
}

const world = { storages: [{ name: "local" }, { name: "local-lvm" }] };

test("PVE as emulated takes all that Packer asks until the installer runs, and has no agent then", async () => {
  const lab = new Lab(world);
  const guest = await untilTyped(lab);
  const asked = lab.get(`${guest}/agent/network-get-interfaces`);
  await lab.time.pass(10_000);
  const { status, reason } = await asked;
  assert.deepEqual([status, reason], [500, "QEMU guest agent is not running"]);
});

test("after the installation, PVE as emulated makes a template of it whose drive for cloud-init took the installer's place", async () => {
  const lab = new Lab(world);
  const guest = await untilTyped(lab);
  // What was installed answers.
  lab.system = { ...lab.system, agentAnswers: () => true };
  assert.equal(await lab.task(lab.post(`${guest}/status/shutdown`), 300_000), "OK");
  assert.equal(await lab.task(lab.post(`${guest}/template`)), "OK");
  // The first slot that is free while the installer's CD is still in its own.
  const last = { name: "debian-13-runner", description, ide1: "local-lvm:cloudinit", delete: "ide0" };
  assert.equal(await lab.task(lab.post(`${guest}/config`, last)), "OK");

  const config = (await lab.get(`${guest}/config`)).data as Readonly<Record<string, unknown>>;
  assert.equal(config.template, 1);
  assert.equal(config.ide0, undefined);
  assert.match(String(config.ide1), /^local-lvm:.*cloudinit.*media=cdrom/);
  assert.match(String(config.scsi0), /^local-lvm:.*base-/);
  assert.equal(config.serial0, "socket");
  assert.match(String(config.description), /Family: debian-13\. Runner: 2\.329\.0\./);
});

test("no key is typed into a guest that is off", async () => {
  const lab = new Lab({ guests: [{ vmid: 100 }] });
  const { status } = await lab.send("PUT", `${node}/qemu/100/sendkey`, { key: "ret" }, main);
  assert.equal(status, 500);
});
