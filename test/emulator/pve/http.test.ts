import assert from "node:assert/strict";
import { test } from "node:test";
import { pveSpec } from "../../../src/emulator/pve/spec.ts";
import { Lab, main, withTemplate } from "./lab.ts";

const unknownParameter = "property is not defined in schema and the schema does not allow additional properties";

test("an empty description of a world is a world", () => {
  const spec = pveSpec.parse({});
  assert.equal(spec.generation, "9.2");
  assert.deepEqual(
    spec.nodes.map(({ name }) => name),
    ["pve1"],
  );
  assert.equal(spec.tokens.length, 1);
  assert.equal(spec.durations.fullClone, 4700);
});

test("an unknown key anywhere in a world is an error", () => {
  assert.equal(pveSpec.safeParse({ node: [] }).success, false);
  assert.equal(pveSpec.safeParse({ guests: [{ vmid: 100, nmae: "x" }] }).success, false);
  assert.equal(pveSpec.safeParse({ durations: { clones: 1 } }).success, false);
});

test("a world that points at what it does not have names every such place", () => {
  const read = pveSpec.safeParse({
    guests: [{ vmid: 101, node: "pve9", resourcePool: "none" }, { vmid: 101 }],
    volumes: [{ storage: "gone", name: "iso/x.iso" }],
    copyMarkerTo: [500],
  });
  assert.deepEqual(
    read.error?.issues.map(({ path }) => path.join(".")),
    ["guests", "guests.0.node", "guests.0.resourcePool", "volumes.0.storage", "copyMarkerTo.0"],
  );
});

test("a running guest whose ISO is missing makes no world", () => {
  const config = { ide2: "local:iso/none.iso,media=cdrom" };
  assert.throws(() => new Lab({ guests: [{ vmid: 101, running: true, config }] }), {
    message: "running guest 101 of the world: volume 'local:iso/none.iso' does not exist",
  });
});

for (const { title, header, reason } of [
  { title: "no authorization", header: null, reason: "No ticket" },
  { title: "another scheme", header: `Bearer ${main}`, reason: "No ticket" },
  { title: "a wrong secret", header: "PVEAPIToken=root@pam!lab=wrong", reason: "Authentication failed!" },
  { title: "an unknown token", header: "PVEAPIToken=root@pam!none=secret", reason: "Authentication failed!" },
  { title: "a malformed token", header: "PVEAPIToken=nonsense", reason: "Authentication failed!" },
]) {
  test(`${title} is refused with an empty body after three seconds`, async () => {
    const lab = new Lab();
    let done = false;
    const answer = lab.raw("/version", { headers: header === null ? {} : { authorization: header } });
    void answer.then(() => {
      done = true;
    });
    await lab.time.pass(2_999);
    assert.equal(done, false);
    await lab.time.pass(1);
    const { status, reason: said, text } = await answer;
    assert.deepEqual({ status, said, text }, { status: 401, said: reason, text: "" });
  });
}

test("what fails says so in the reason phrase, and in the body with a line end", async () => {
  const answer = await new Lab().get("/nodes/pve1/qemu/100/config");
  const message = "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist";
  assert.equal(answer.status, 500);
  assert.equal(answer.reason, message);
  assert.deepEqual(JSON.parse(answer.text), { data: null, message: `${message}\n` });
});

test("paths and methods that there are not are not implemented", async () => {
  const lab = new Lab();
  assert.equal((await lab.get("/nosuch")).reason, "Method 'GET /nosuch' not implemented");
  assert.equal((await lab.get("/nodes/pve1/qemu/100/status/start")).status, 501);
  const head = await lab.raw("/version", { method: "HEAD" });
  assert.deepEqual([head.status, head.reason, head.text], [501, "method 'HEAD' not available", ""]);
});

test("a trailing slash changes nothing", async () => {
  assert.equal((await new Lab().get("/version/")).status, 200);
});

test("all bad parameters are named at once", async () => {
  const answer = await new Lab(withTemplate()).post("/nodes/pve1/qemu/9000/clone", {
    newid: "abc",
    name: "bad_name!",
    nosuch: 1,
    full: "true",
  });
  assert.equal(answer.reason, "Parameter verification failed.");
  assert.deepEqual(answer.errors, {
    newid: "type check ('integer') failed - got 'abc'",
    name: "invalid format - value does not look like a valid DNS name\n",
    nosuch: unknownParameter,
    full: "type check ('boolean') failed - got 'true'",
  });
});

for (const { path, errors } of [
  { path: "/version?foo=1", errors: { foo: unknownParameter } },
  {
    path: "/cluster/resources?type=bogus",
    errors: { type: "value 'bogus' does not have a value in the enumeration 'vm, storage, node, sdn'" },
  },
  {
    path: "/nodes/pve1/qemu/99/config",
    errors: { vmid: "invalid format - value does not look like a valid VM ID\n" },
  },
  { path: "/nodes/pve1/qemu/abc/config", errors: { vmid: "type check ('integer') failed - got 'abc'" } },
  { path: "/nodes/pve1/tasks/garbage/status", errors: { upid: "unable to parse worker upid" } },
  { path: "/cluster/nextid?vmid=9000", errors: { vmid: "VM 9000 already exists" } },
]) {
  test(`GET ${path} is refused as a bad parameter`, async () => {
    const answer = await new Lab(withTemplate()).get(path);
    assert.deepEqual([answer.status, answer.errors], [400, errors]);
  });
}

test("a missing parameter is named", async () => {
  const { errors } = await new Lab(withTemplate()).post("/nodes/pve1/qemu/9000/clone", { name: "x" });
  assert.deepEqual(errors, { newid: "property is missing and it is not optional" });
});

test("JSON bodies may say true and false, null is ignored and nested objects are refused", async () => {
  const lab = new Lab(withTemplate());
  const put = (body: unknown): Promise<{ status: number; errors: unknown }> =>
    lab.raw("/nodes/pve1/qemu/9000/config", {
      method: "PUT",
      headers: { authorization: `PVEAPIToken=${main}`, "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  assert.equal((await put({ onboot: true, tags: null, cores: "4" })).status, 200);
  const { onboot, cores } = await lab.config(9000);
  assert.deepEqual([onboot, cores], [1, 4]);
  assert.deepEqual((await put({ smbios1: { uuid: "x" } })).errors, {
    smbios1: "type check ('string') failed - got HASH",
  });
});

test("bodies that PVE cannot take are refused before anything else", async () => {
  const lab = new Lab();
  const text = await lab.raw("/version", { method: "POST", body: "a=1" });
  assert.deepEqual([text.status, text.text], [506, "upload 'Content-Type 'text/plain;charset=UTF-8' not implemented"]);
  const deletion = await lab.send("DELETE", "/nodes/pve1/qemu/100", { purge: 1 }, main);
  assert.deepEqual([deletion.status, deletion.reason], [501, "Unexpected content for method 'DELETE'"]);
});

test("a body beyond 512 KiB is too large", async () => {
  const answer = await new Lab(withTemplate()).put("/nodes/pve1/qemu/9000/config", {
    description: "x".repeat(600_000),
  });
  assert.deepEqual([answer.status, answer.reason], [501, "for data too large"]);
});

test("a node that does not exist is not found, and one that is down has no route", async () => {
  const lab = new Lab({ nodes: [{ name: "pve1" }, { name: "pve2", online: false }] });
  assert.match((await lab.get("/nodes/nosuch/qemu")).reason, /^hostname lookup 'nosuch' failed/);
  const down = lab.get("/nodes/pve2/qemu");
  await lab.time.pass(5_000);
  const { status, text } = await down;
  assert.deepEqual([status, text], [595, ""]);
});

test("an error text beyond Latin-1 breaks the pipe", async () => {
  const { status, reason } = await new Lab({}).get("/nodes/%E2%86%92/qemu");
  assert.deepEqual([status, reason], [596, "Broken pipe"]);
});

test("a fault answers instead of PVE, which then has done nothing", async () => {
  const faults = {
    before: (request: Request): Response | null =>
      request.method === "POST"
        ? new Response(null, { status: 500, statusText: "got no worker upid - start worker failed" })
        : null,
  };
  const lab = new Lab(withTemplate(), faults);
  assert.equal((await lab.clone(101)).reason, "got no worker upid - start worker failed");
  await lab.time.pass(10_000);
  assert.equal(await lab.free(101), true);
});

test("every call that would change something is audited with its answer, reading is not", async () => {
  const lab = new Lab(withTemplate());
  assert.deepEqual(lab.audit[0], {
    event: "world",
    foreign: { vmids: [9000], volumes: ["local:9000/base-9000-disk-0.qcow2", "local:9000/vm-9000-cloudinit.qcow2"] },
  });
  await lab.get("/cluster/resources");
  await lab.clone(101);
  await lab.delete("/nodes/pve1/qemu/9000");
  await lab.upload({ name: "../a b.iso" });
  await lab.delete("/nodes/pve1/storage/local/content/local:iso%2Fx.iso");
  await lab.post("/nosuch");
  const calls = lab.audit.slice(1).map((e) => e.event === "pve" && [e.call, e.status, e.vmid, e.volume]);
  assert.deepEqual(calls, [
    ["clone", 200, 101, null],
    ["destroy", 200, 9000, null],
    ["upload", 200, null, "local:iso/a_b.iso"],
    ["volume.delete", 200, null, "local:iso/x.iso"],
    ["unknown", 501, null, null],
  ]);
});
