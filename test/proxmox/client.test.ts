import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asNodeName, asStorageName, asUpid, asVmid } from "../../src/domain/ids.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { bare, broken, data, fakePve, never, type Reply, refusal } from "./fake-pve.ts";

const node = asNodeName("pve1");
const lab = asStorageName("lab");
const upid = asUpid("UPID:pve1:00003A87:0006215E:6B014E43:qmclone:9000:gha@pve!autoscaler:");

function clientOf(...replies: readonly Reply[]) {
  const pve = fakePve(...replies);
  return { ...pve, client: createClient(pve.http) };
}

test("nodes come by name, with memory and load where the token may read them", async () => {
  const { client } = clientOf(() =>
    data([
      { node: "pve2", status: "online", type: "node", level: "" },
      { node: "pve1", status: "offline", mem: 1000, maxmem: "5000", cpu: 0.25 },
    ]),
  );
  assert.deepEqual(await client.nodes(never), [
    { name: "pve1", online: false, freeMemory: 4000, load: 0.25 },
    { name: "pve2", online: true, freeMemory: null, load: null },
  ]);
});

test("guests of the cluster come by VMID, a new one without a name and with unknown power", async () => {
  const { client, seen } = clientOf(() =>
    data([
      { vmid: 5001, node: "pve1", type: "qemu", status: "unknown", lock: "clone" },
      { vmid: "101", node: "pve1", type: "lxc", status: "running", name: "a", template: 0, tags: "b;gha", pool: "p" },
    ]),
  );
  const common = { node: "pve1", template: false };
  assert.deepEqual(await client.resources(never), [
    {
      ...common,
      vmid: 101,
      name: "a",
      type: "lxc",
      status: "running",
      lock: null,
      resourcePool: "p",
      tags: ["b", "gha"],
    },
    {
      ...common,
      vmid: 5001,
      name: null,
      type: "qemu",
      status: "unknown",
      lock: "clone",
      resourcePool: undefined,
      tags: [],
    },
  ]);
  assert.equal(seen[0]?.path, "/cluster/resources?type=vm");
});

test("a node's list knows templates", async () => {
  const { client } = clientOf(() => data([{ vmid: 9000, name: "lab-tpl", status: "stopped", template: 1 }]));
  const [guest] = await client.guests(node, never);
  assert.equal(guest?.template, true);
  assert.equal(guest?.node, node);
});

test("a list with one entry that makes no sense is an error, never a shorter list", async () => {
  const { client } = clientOf(() => data([{ vmid: 101, status: "running" }, { status: "running" }]));
  await assert.rejects(client.guests(node, never), (e) => hasCode(e, "internal") && /data\.1\.vmid/.test(e.message));
});

test("a status tells power, lock and whether the agent is switched on", async () => {
  const { client } = clientOf(() =>
    data({ status: "running", qmpstatus: "paused", lock: "backup", uptime: 7, agent: 1, ha: { managed: 0 } }),
  );
  assert.deepEqual(await client.status(node, asVmid(101), never), {
    status: "running",
    qmpstatus: "paused",
    lock: "backup",
    template: false,
    uptime: 7_000,
    agent: true,
  });
});

test("a configuration keeps every option, numbers as strings, and its digest apart", async () => {
  const { client } = clientOf(() =>
    data({ digest: "2b9d", cores: 2, memory: "1024", future7: "x=1", description: "a\nb" }),
  );
  assert.deepEqual(await client.config(node, asVmid(101), never), {
    digest: "2b9d",
    values: { cores: "2", memory: "1024", future7: "x=1", description: "a\nb" },
  });
});

test("a linked clone is asked for without a storage", async () => {
  const { client, seen } = clientOf(() => data(upid));
  const params = {
    newid: asVmid(5001),
    name: "ci-x",
    description: '{"a":"é"}',
    pool: "runners",
    full: false,
    storage: null,
  };
  assert.equal(await client.clone(node, asVmid(9000), params, never), upid);
  assert.equal(seen[0]?.method, "POST");
  assert.equal(seen[0]?.path, "/nodes/pve1/qemu/9000/clone");
  assert.deepEqual(Object.fromEntries(new URLSearchParams(String(seen[0]?.body))), {
    newid: "5001",
    name: "ci-x",
    description: '{"a":"é"}',
    pool: "runners",
    full: "0",
  });
});

test("a change of the configuration carries what to set, what to delete and the digest of the read", async () => {
  const { client, seen } = clientOf(() => data(null));
  const change = { set: { ide2: "none,media=cdrom", cores: 4 }, delete: ["onboot", "tags"], digest: "2b9d" };
  await client.putConfig(node, asVmid(101), change, never);
  await client.putConfig(node, asVmid(101), { set: { cores: 4 }, digest: null }, never);
  assert.equal(seen[0]?.body, "ide2=none%2Cmedia%3Dcdrom&cores=4&delete=onboot%2Ctags&digest=2b9d");
  assert.equal(seen[1]?.body, "cores=4");
});

test("destroying takes the guest's jobs along and leaves disks alone that are not its own", async () => {
  const { client, seen } = clientOf(() => data(upid));
  await client.destroy(node, asVmid(101), never);
  assert.equal(
    `${seen[0]?.method} ${seen[0]?.path}`,
    "DELETE /nodes/pve1/qemu/101?purge=1&destroy-unreferenced-disks=0",
  );
});

test("start, stop and resize begin a task", async () => {
  const { client, seen } = clientOf(() => data(upid));
  await client.start(node, asVmid(101), never);
  await client.stop(node, asVmid(101), never);
  assert.equal(await client.resize(node, asVmid(101), "scsi0", "20G", never), upid);
  assert.deepEqual(
    seen.map(({ method, path }) => `${method} ${path}`),
    [
      "POST /nodes/pve1/qemu/101/status/start",
      "POST /nodes/pve1/qemu/101/status/stop",
      "PUT /nodes/pve1/qemu/101/resize",
    ],
  );
  assert.equal(seen[2]?.body, "disk=scsi0&size=20G");
});

test("a VMID is free when PVE names it again", async () => {
  const { client, seen } = clientOf(() => data("5001"));
  assert.equal(await client.nextId(asVmid(5001), never), "free");
  assert.equal(seen[0]?.path, "/cluster/nextid?vmid=5001");
});

test("a VMID is used only when PVE says that it exists", async () => {
  const errors = { vmid: "VM 5001 already exists" };
  const { client } = clientOf(() => refusal(400, "Parameter verification failed.", { errors }));
  assert.equal(await client.nextId(asVmid(5001), never), "used");
});

test("anything else that is said about a VMID is neither free nor used", async () => {
  const replies: readonly Reply[] = [
    () => data("5002"),
    () => refusal(400, "Parameter verification failed.", { errors: { vmid: "type check ('integer') failed" } }),
    () => refusal(400, "Parameter verification failed.", { errors: { vmid: "VM 9 already exists" } }),
    () => refusal(500, "VM 5001 already exists on node 'pve1'"),
    () => refusal(501, "Not for you", { errors: { vmid: "VM 5001 already exists" } }),
    () => bare(595, "Connection refused"),
    () => Promise.reject(broken("ECONNRESET")),
  ];
  for (const reply of replies) {
    const { client, clock } = clientOf(reply);
    await assert.rejects(clock.until(client.nextId(asVmid(5001), never)));
  }
});

test("volumes come by name, with the time of their writing", async () => {
  const { client, seen } = clientOf(() =>
    data([
      { volid: "lab:iso/b.iso", size: 376832, ctime: 1795247456, format: "iso" },
      { volid: "lab:iso/a.iso", size: "1" },
    ]),
  );
  assert.deepEqual(await client.volumes(node, lab, "iso", never), [
    { volid: "lab:iso/a.iso", size: 1, ctime: null },
    { volid: "lab:iso/b.iso", size: 376832, ctime: 1795247456_000 },
  ]);
  assert.equal(seen[0]?.path, "/nodes/pve1/storage/lab/content?content=iso");
});

test("deleting a volume begins a task, or is done at once", async () => {
  const { client, seen } = clientOf(
    () => data(upid),
    () => data(null),
  );
  assert.equal(await client.deleteVolume(node, lab, "lab:iso/a.iso", never), upid);
  assert.equal(await client.deleteVolume(node, lab, "lab:iso/a.iso", never), null);
  assert.equal(seen[0]?.path, "/nodes/pve1/storage/lab/content/lab%3Aiso%2Fa.iso");
});

test("a file whose name PVE would change is not uploaded", async () => {
  const { client, seen } = clientOf(() => data(upid));
  for (const name of ["a b.iso", "../a.iso", 'a".iso', "a\r\nX: y.iso", ""]) {
    const upload = client.upload(node, lab, { content: "iso", name, bytes: new Uint8Array(1) }, never);
    await assert.rejects(upload, (e) => hasCode(e, "invalid"));
  }
  assert.equal(seen.length, 0);
});

test("a task runs, or has stopped with an exit status", async () => {
  const { client, seen } = clientOf(
    () => data({ status: "running", id: "9000" }),
    () => data({ status: "stopped", exitstatus: "WARNINGS: 1" }),
  );
  assert.deepEqual(await client.taskStatus(upid, never), { kind: "running" });
  assert.deepEqual(await client.taskStatus(upid, never), { kind: "stopped", exitStatus: "WARNINGS: 1" });
  assert.equal(seen[0]?.path, `/nodes/pve1/tasks/${encodeURIComponent(upid)}/status`);
});

test("a task's log is read to its end, however long it is", async () => {
  const total = 1203;
  const { client } = clientOf(({ path }) => {
    const query = new URL(path, "https://pve.test").searchParams;
    const [start, limit] = [Number(query.get("start")), Number(query.get("limit"))];
    const count = Math.min(limit, total - start);
    return data(Array.from({ length: count }, (_, n) => ({ n: start + n + 1, t: `line ${start + n + 1}` })));
  });
  const log = await client.taskLog(upid, never);
  assert.equal(log.length, total);
  assert.equal(log.at(-1), `line ${total}`);
});

test("the log of a task that PVE 8 does not know is empty", async () => {
  assert.deepEqual(await clientOf(() => data({})).client.taskLog(upid, never), []);
});

test("active tasks are those that still run", async () => {
  const ended = "UPID:pve1:00003A88:0006215E:6B014E43:qmstart:101:gha@pve!autoscaler:";
  const { client } = clientOf(() =>
    data([
      { upid, status: "RUNNING", saved: "0" },
      { upid: ended, status: "OK", endtime: 1795247700 },
    ]),
  );
  assert.deepEqual(await client.activeTasks(node, never), [
    { upid, type: "qmclone", id: "9000", user: "gha@pve!autoscaler", startedAt: 1795247683_000 },
  ]);
});

test("aborting a task deletes it", async () => {
  const { client, seen } = clientOf(() => data(null));
  await client.abortTask(upid, never);
  assert.equal(`${seen[0]?.method} ${seen[0]?.path}`, `DELETE /nodes/pve1/tasks/${encodeURIComponent(upid)}`);
});

test("a guest agent answers, or is silent while it boots or where there is none", async () => {
  assert.equal(await clientOf(() => data({ result: {} })).client.pingAgent(node, asVmid(101), never), "answers");
  for (const sentence of ["QEMU guest agent is not running", "No QEMU guest agent configured"]) {
    assert.equal(await clientOf(() => refusal(500, sentence)).client.pingAgent(node, asVmid(101), never), "silent");
  }
});

test("a guest that is off is a conflict, and a daemon that is away is no word of the agent's", async () => {
  const off = clientOf(() => refusal(500, "VM 101 is not running")).client.pingAgent(node, asVmid(101), never);
  await assert.rejects(off, (e) => hasCode(e, "conflict"));
  for (const reply of [() => bare(596, "Broken pipe"), () => Promise.reject(broken("ECONNRESET"))]) {
    const away = clientOf(reply).client.pingAgent(node, asVmid(101), never);
    await assert.rejects(away, (e) => hasCode(e, "unavailable"));
  }
});

test("a resource pool's members are its guests, not its storages", async () => {
  const members = [
    { id: "qemu/5001", vmid: 5001, type: "qemu", status: "unknown" },
    { id: "storage/pve1/lab", type: "storage", storage: "lab" },
  ];
  const { client } = clientOf(() => data({ poolid: "exp", members }));
  assert.deepEqual(await client.poolMembers("exp", never), new Set([5001]));
});

test("permissions keep a privilege that is not handed down", async () => {
  const { client } = clientOf(() => data({ "/vms/9000": { "VM.Clone": 0 } }));
  assert.deepEqual(await client.permissions(never), { "/vms/9000": { "VM.Clone": 0 } });
});

test("the version is told with its generation, or with none that we know", async () => {
  const eight = { version: "8.4.21", release: "8.4" };
  const { client } = clientOf(
    () => data({ ...eight, repoid: "2606ac85" }),
    () => data({ version: "9.2.11", release: "9.2" }),
    () => data({ version: "10.0.1", release: "10.0" }),
  );
  assert.deepEqual(await client.version(never), { ...eight, generation: 8 });
  assert.equal((await client.version(never)).generation, 9);
  assert.equal((await client.version(never)).generation, null);
});

test("the privileges at one path are those that are named, also where they are not handed down", async () => {
  const { client, seen } = clientOf(
    () => data({ "/pool/runners": { "VM.Audit": 1, "VM.Clone": 0 } }),
    () => data({ "/vms/7": {} }),
  );
  assert.deepEqual(await client.privilegesAt("/pool/runners", never), new Set(["VM.Audit", "VM.Clone"]));
  assert.deepEqual(await client.privilegesAt("/vms/7", never), new Set());
  assert.equal(seen[0]?.path, "/access/permissions?path=%2Fpool%2Frunners");
});

test("a change in a task tells its UPID, or null where it is done already", async () => {
  const { client, seen } = clientOf(
    () => data(upid),
    () => data(null),
  );
  const change = { set: { cores: 4 }, digest: "2b9d" };
  assert.equal(await client.postConfig(node, asVmid(101), change, never), upid);
  assert.equal(await client.postConfig(node, asVmid(101), change, never), null);
  assert.equal(`${seen[0]?.method} ${seen[0]?.body}`, "POST cores=4&digest=2b9d");
});

test("a shutdown says in whole seconds how long it waits, and whether it may force", async () => {
  const { client, seen } = clientOf(() => data(upid));
  await client.shutdown(node, asVmid(101), { timeout: 1_500, force: true }, never);
  assert.equal(seen[0]?.path, "/nodes/pve1/qemu/101/status/shutdown");
  assert.equal(seen[0]?.body, "timeout=2&forceStop=1");
});

test("an upload carries the checksum of its bytes before the file, or the one that it was given", async () => {
  const { client, seen } = clientOf(() => data(upid));
  const file = { content: "iso" as const, name: "a.iso", bytes: Buffer.from("abc") };
  await client.upload(node, lab, file, never);
  await client.upload(node, lab, { ...file, sha256: "00ff" }, never);
  const [own, given] = seen.map(({ body }) => Buffer.from(body ?? "").toString());
  const ofAbc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
  assert.match(
    own ?? "",
    new RegExp(`"checksum-algorithm"\r\n\r\nsha256\r\n[^]*"checksum"\r\n\r\n${ofAbc}\r\n[^]*filename=`),
  );
  assert.match(given ?? "", /"checksum"\r\n\r\n00ff\r\n/);
});

test("deleting a volume waits at PVE as long as it is told", async () => {
  const { client, seen } = clientOf(() => data(null));
  await client.deleteVolume(node, lab, "lab:iso/a.iso", never, 10_000);
  assert.equal(seen[0]?.path, "/nodes/pve1/storage/lab/content/lab%3Aiso%2Fa.iso?delay=10");
});

test("resource pools come by name", async () => {
  const { client } = clientOf(() => data([{ poolid: "b" }, { poolid: "a", comment: "x" }]));
  assert.deepEqual(await client.pools(never), [
    { name: "a", comment: "x" },
    { name: "b", comment: null },
  ]);
});
