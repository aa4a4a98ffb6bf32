import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asNodeName, asStorageName, asUpid, asVmid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { data, fakePve, never, type Reply, refusal } from "./fake-pve.ts";

const node = asNodeName("pve1");
const vmid = asVmid(200);
const upid = asUpid("UPID:pve1:000032A9:0005FE08:6B014DE9:vzcreate:200:gha@pve!autoscaler:");

function clientOf(...replies: readonly Reply[]) {
  const pve = fakePve(...replies);
  return { ...pve, client: createClient(pve.http) };
}

test("containers come by VMID as guests of their own type", async () => {
  const { client } = clientOf(() =>
    data([
      { vmid: "201", status: "stopped" },
      { vmid: 200, status: "running", name: "a" },
    ]),
  );
  const found = await client.containers(node, never);
  assert.deepEqual(
    found.map(({ vmid, type, status, name }) => [vmid, type, status, name]),
    [
      [200, "lxc", "running", "a"],
      [201, "lxc", "stopped", null],
    ],
  );
});

test("a container's description comes without the newline that PVE adds, all else as it is", async () => {
  const { client } = clientOf(() =>
    data({ digest: "0d38", description: "ct\n\n", memory: 512, mp0: "lab:1,mp=/a,future=1" }),
  );
  assert.deepEqual(await client.containerConfig(node, vmid, never), {
    digest: "0d38",
    values: { description: "ct\n", memory: "512", mp0: "lab:1,mp=/a,future=1" },
  });
});

test("a container tells power, lock and uptime", async () => {
  const { client } = clientOf(() => data({ status: "running", uptime: 5, lock: "backup", type: "lxc" }));
  assert.deepEqual(await client.containerStatus(node, vmid, never), {
    status: "running",
    lock: "backup",
    template: false,
    uptime: 5_000,
  });
});

test("a container's addresses are read from the new form and from the old one; one that is off has none", async () => {
  const list = [{ "ip-address": "10.77.0.60", "ip-address-type": "inet", prefix: "24" }];
  const { client } = clientOf(
    () => data([{ name: "eth0", hwaddr: "bc:24", inet: "10.77.0.60/24", "ip-addresses": list }]),
    () => data([{ name: "eth0", hwaddr: "bc:24", inet: "10.77.0.60/24", inet6: "fe80::1/64" }]),
    () => data(null),
  );
  const four = { family: 4, address: "10.77.0.60", prefix: 24 };
  const eth0 = { name: "eth0", mac: "bc:24" };
  assert.deepEqual(await client.containerInterfaces(node, vmid, never), [{ ...eth0, addresses: [four] }]);
  assert.deepEqual(await client.containerInterfaces(node, vmid, never), [
    { ...eth0, addresses: [four, { family: 6, address: "fe80::1", prefix: 64 }] },
  ]);
  assert.deepEqual(await client.containerInterfaces(node, vmid, never), []);
});

test("a container is created with what PVE wants and the options as given", async () => {
  const { client, seen } = clientOf(() => data(upid));
  const params = {
    vmid,
    template: "lab:vztmpl/a.tar.zst",
    storage: asStorageName("lab"),
    pool: "runners",
    password: new Secret("hunter22"),
    start: true,
    options: { hostname: "ct200", features: "nesting=1" },
  };
  assert.equal(await client.createContainer(node, params, never), upid);
  assert.deepEqual(Object.fromEntries(new URLSearchParams(String(seen[0]?.body))), {
    vmid: "200",
    ostemplate: "lab:vztmpl/a.tar.zst",
    storage: "lab",
    pool: "runners",
    password: "hunter22",
    start: "1",
    hostname: "ct200",
    features: "nesting=1",
  });
});

test("a container that is in the wanted state already is a conflict", async () => {
  for (const sentence of ["CT 200 already running", "CT 200 not running"]) {
    const started = clientOf(() => refusal(500, sentence)).client.startContainer(node, vmid, never);
    await assert.rejects(started, (e) => hasCode(e, "conflict"));
  }
});

test("a container is stopped, and destroyed with what belongs to it", async () => {
  const { client, seen } = clientOf(() => data(upid));
  await client.stopContainer(node, vmid, never);
  await client.destroyContainer(node, vmid, { force: true }, never);
  assert.deepEqual(
    seen.map(({ method, path }) => `${method} ${path}`),
    ["POST /nodes/pve1/lxc/200/status/stop", "DELETE /nodes/pve1/lxc/200?purge=1&destroy-unreferenced-disks=0&force=1"],
  );
});

test("a terminal's ticket is a secret", async () => {
  const { client, seen } = clientOf(() => data({ user: "exp@pve!t", ticket: "PVEVNC:abc", port: "5900", upid }));
  const ticket = await client.termproxy({ node, vmid, type: "lxc" }, never);
  assert.equal(ticket.ticket.reveal(), "PVEVNC:abc");
  assert.ok(!JSON.stringify(ticket).includes("abc"));
  assert.equal(ticket.port, 5900);
  assert.equal(`${seen[0]?.method} ${seen[0]?.path}`, "POST /nodes/pve1/lxc/200/termproxy");
});
