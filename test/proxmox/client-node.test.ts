import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asStorageName, asUpid, asVmid } from "../../src/domain/ids.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { data, fakePve, never, type Reply } from "./fake-pve.ts";

const node = asNodeName("pve1");
const lab = asStorageName("lab");
const vmid = asVmid(101);
const upid = asUpid("UPID:pve1:00003A87:0006215E:6B014E43:qmsnapshot:101:gha@pve!autoscaler:");

function clientOf(...replies: readonly Reply[]) {
  const pve = fakePve(...replies);
  return { ...pve, client: createClient(pve.http) };
}

test("a node's status tells uptime, load and what is free", async () => {
  const { client } = clientOf(() =>
    data({
      uptime: 61,
      cpuinfo: { cpus: 2, model: "x" },
      loadavg: ["0.64", "0.5", "0.71"],
      memory: { total: 100, used: 60, free: 10, available: 40 },
      rootfs: { total: 1000, free: 500, avail: 400 },
      pveversion: "pve-manager/9.2.11/14a2",
    }),
  );
  assert.deepEqual(await client.nodeStatus(node, never), {
    uptime: 61_000,
    cpus: 2,
    load: [0.64, 0.5, 0.71],
    memory: { total: 100, free: 40 },
    root: { total: 1000, free: 400 },
    pveVersion: "pve-manager/9.2.11/14a2",
  });
});

test("a node's storages come by name with sorted contents; one that is not active has no known space", async () => {
  const { client } = clientOf(() =>
    data([
      { storage: "nfs", type: "nfs", content: "iso", shared: 1, active: 0, avail: 0, total: 0 },
      { storage: "lab", type: "dir", content: "vztmpl,iso", shared: 0, active: 1, avail: 7, total: 9 },
    ]),
  );
  assert.deepEqual(await client.storages(node, never), [
    { name: "lab", node, type: "dir", content: ["iso", "vztmpl"], shared: false, active: true, free: 7, total: 9 },
    { name: "nfs", node, type: "nfs", content: ["iso"], shared: true, active: false, free: null, total: null },
  ]);
});

test("the cluster's storages come once for each node, with unknown space where PVE has not looked", async () => {
  const common = { type: "storage", storage: "lab", plugintype: "dir", content: "iso", shared: 0 };
  const { client, seen } = clientOf(() =>
    data([
      { ...common, node: "pve2", status: "unknown" },
      { ...common, node: "pve1", status: "available", disk: 30, maxdisk: 100 },
    ]),
  );
  const same = { name: "lab", type: "dir", content: ["iso"], shared: false };
  assert.deepEqual(await client.clusterStorages(never), [
    { ...same, node: "pve1", active: true, free: 70, total: 100 },
    { ...same, node: "pve2", active: false, free: null, total: null },
  ]);
  assert.equal(seen[0]?.path, "/cluster/resources?type=storage");
});

test("a volume tells what a guest sees and what it takes", async () => {
  const { client } = clientOf(() => data({ format: "qcow2", size: 100, used: 20, path: "/x" }));
  assert.deepEqual(await client.volumeInfo(node, lab, "lab:9000/a.qcow2", never), {
    format: "qcow2",
    size: 100,
    used: 20,
    path: "/x",
  });
});

test("snapshots come oldest first, without what is current", async () => {
  const { client } = clientOf(() =>
    data([
      { name: "current", parent: "warm", running: 1, digest: "2b", description: "You are here!" },
      { name: "warm", snaptime: 20, vmstate: 1, parent: "cold", description: "w" },
      { name: "cold", snaptime: 10 },
    ]),
  );
  assert.deepEqual(await client.snapshots(node, vmid, never), [
    { name: "cold", description: "", parent: null, takenAt: 10_000, memory: false },
    { name: "warm", description: "w", parent: "cold", takenAt: 20_000, memory: true },
  ]);
});

test("a snapshot is taken with memory, rolled back to and deleted", async () => {
  const { client, seen } = clientOf(() => data(upid));
  await client.takeSnapshot(node, vmid, { name: "warm", description: null, memory: true }, never);
  await client.rollback(node, vmid, "warm", { start: false }, never);
  await client.rollback(node, vmid, "warm", { start: true }, never);
  assert.equal(await client.deleteSnapshot(node, vmid, "warm", never), upid);
  assert.deepEqual(
    seen.map(({ method, path, body }) => `${method} ${path} ${body ?? ""}`),
    [
      "POST /nodes/pve1/qemu/101/snapshot snapname=warm&vmstate=1",
      "POST /nodes/pve1/qemu/101/snapshot/warm/rollback ",
      "POST /nodes/pve1/qemu/101/snapshot/warm/rollback start=1",
      "DELETE /nodes/pve1/qemu/101/snapshot/warm ",
    ],
  );
});

test("a download names its checksum with its kind, or neither", async () => {
  const { client, seen } = clientOf(() => data(upid));
  const file = { content: "iso" as const, url: "https://images.test/a.iso", name: "b.iso" };
  await client.downloadUrl(node, lab, { ...file, sha256: "00ff" }, never);
  await client.downloadUrl(node, lab, { ...file, sha256: null }, never);
  const asked = seen.map(({ body }) => Object.fromEntries(new URLSearchParams(String(body))));
  const plain = { content: "iso", url: "https://images.test/a.iso", filename: "b.iso" };
  assert.deepEqual(asked, [{ ...plain, "checksum-algorithm": "sha256", checksum: "00ff" }, plain]);
});

test("container templates on offer come by name", async () => {
  const { client } = clientOf(() =>
    data([{ template: "b.tar.zst", os: "debian-13", version: "13.1" }, { template: "a" }]),
  );
  assert.deepEqual(await client.appliances(node, never), [
    { template: "a", os: null, version: null, section: null, headline: null },
    { template: "b.tar.zst", os: "debian-13", version: "13.1", section: null, headline: null },
  ]);
});
