import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { asNodeName, asStorageName, asUpid, asVmid } from "../../src/domain/ids.ts";
import { createClient, type ProxmoxClient } from "../../src/proxmox/client.ts";
import { contractFile, withoutContracts } from "../contracts.ts";
import { data, fakePve, never, type Seen } from "./fake-pve.ts";

const skip = withoutContracts;

const node = asNodeName("pve1");
const vmid = asVmid(101);
const lab = asStorageName("lab");
const upid = asUpid("UPID:pve1:00003A87:0006215E:6B014E43:qmclone:9000:gha@pve!autoscaler:");
const cloneParams = { newid: vmid, name: "n", description: "d", pool: "p", full: true, storage: lab };

/** Each call with every parameter that it can have, and the operation of the schema that it is. */
const operations: readonly [operation: string, call: (client: ProxmoxClient) => Promise<unknown>][] = [
  ["GET /version", (c) => c.version(never)],
  ["GET /nodes", (c) => c.nodes(never)],
  ["GET /cluster/resources", (c) => c.resources(never)],
  ["GET /nodes/{node}/qemu", (c) => c.guests(node, never)],
  ["GET /nodes/{node}/qemu/{vmid}/status/current", (c) => c.status(node, vmid, never)],
  ["GET /nodes/{node}/qemu/{vmid}/config", (c) => c.config(node, vmid, never)],
  ["POST /nodes/{node}/qemu/{vmid}/clone", (c) => c.clone(node, asVmid(9000), cloneParams, never)],
  [
    "PUT /nodes/{node}/qemu/{vmid}/config",
    (c) => c.putConfig(node, vmid, { set: { cores: 2, description: "d" }, delete: ["tags"], digest: "2b" }, never),
  ],
  ["PUT /nodes/{node}/qemu/{vmid}/resize", (c) => c.resize(node, vmid, "scsi0", "20G", never)],
  ["POST /nodes/{node}/qemu/{vmid}/status/start", (c) => c.start(node, vmid, never)],
  ["POST /nodes/{node}/qemu/{vmid}/status/stop", (c) => c.stop(node, vmid, never)],
  ["DELETE /nodes/{node}/qemu/{vmid}", (c) => c.destroy(node, vmid, never)],
  ["GET /cluster/nextid", (c) => c.nextId(vmid, never)],
  ["GET /nodes/{node}/storage/{storage}/content", (c) => c.volumes(node, lab, "iso", never)],
  ["DELETE /nodes/{node}/storage/{storage}/content/{volume}", (c) => c.deleteVolume(node, lab, "lab:iso/a.iso", never)],
  ["GET /nodes/{node}/tasks/{upid}/status", (c) => c.taskStatus(upid, never)],
  ["GET /nodes/{node}/tasks/{upid}/log", (c) => c.taskLog(upid, never)],
  ["GET /nodes/{node}/tasks", (c) => c.activeTasks(node, never)],
  ["DELETE /nodes/{node}/tasks/{upid}", (c) => c.abortTask(upid, never)],
  ["POST /nodes/{node}/qemu/{vmid}/agent/ping", (c) => c.pingAgent(node, vmid, never)],
  ["GET /pools/{poolid}", (c) => c.poolMembers("p", never)],
  ["GET /access/permissions", (c) => c.permissions(never)],
];

interface SchemaNode {
  readonly path: string;
  readonly info?: Readonly<Record<string, { parameters?: { properties?: Readonly<Record<string, unknown>> } }>>;
  readonly children?: readonly SchemaNode[];
}

const flat = (nodes: readonly SchemaNode[]): SchemaNode[] => nodes.flatMap((n) => [n, ...flat(n.children ?? [])]);

for (const version of ["8.4", "9.2"]) {
  test(`every call and every parameter is one that PVE ${version} knows`, { skip }, async () => {
    const schema = flat(JSON.parse(readFileSync(contractFile(`pve-api-${version}.json`), "utf8")));
    for (const [operation, call] of operations) {
      const { http, seen } = fakePve(() => data(null));
      // What is answered matters to other tests; this one looks at what was asked.
      await call(createClient(http)).catch(() => {});
      const [request] = seen;
      assert.ok(request !== undefined, operation);
      const [method = "", path = ""] = operation.split(" ");
      assert.equal(request.method, method);
      const pattern = new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`);
      assert.match(request.path.split("?")[0] ?? "", pattern);
      const known = schema.find((n) => n.path === path)?.info?.[method];
      assert.ok(known !== undefined, `${operation} is not in the schema`);
      const names = known.parameters?.properties ?? {};
      for (const name of parametersOf(request)) {
        const numbered = name.replace(/\d+$/, "[n]");
        assert.ok(name in names || numbered in names, `${operation} does not know ${name}`);
      }
    }
  });
}

function parametersOf({ path, body }: Seen): string[] {
  const query = new URL(path, "https://pve.test").searchParams;
  return [...query.keys(), ...new URLSearchParams(typeof body === "string" ? body : "").keys()];
}

interface Recording {
  readonly name: string;
  readonly request: { readonly line: string };
  readonly response: { readonly status?: number; readonly body?: string | null };
}

/** How recorded questions are read. Where a call reads nothing else than the path says, its arguments do not matter. */
const readers: readonly [line: RegExp, call: (client: ProxmoxClient) => Promise<unknown>][] = [
  [/^GET \/api2\/json\/version /, (c) => c.version(never)],
  [/^GET \/api2\/json\/nodes /, (c) => c.nodes(never)],
  [/^GET \/api2\/json\/cluster\/resources\?type=vm /, (c) => c.resources(never)],
  [/^GET \/api2\/json\/nodes\/\w+\/qemu /, (c) => c.guests(node, never)],
  [/^GET \/api2\/json\/nodes\/\w+\/qemu\/\d+\/status\/current /, (c) => c.status(node, vmid, never)],
  [/^GET \/api2\/json\/nodes\/\w+\/qemu\/\d+\/config /, (c) => c.config(node, vmid, never)],
  [
    /^GET \/api2\/json\/nodes\/\w+\/storage\/\w+\/content\?content=(iso|images) /,
    (c) => c.volumes(node, lab, "iso", never),
  ],
  [/^GET \/api2\/json\/nodes\/\w+\/tasks\/[^/ ]+\/status /, (c) => c.taskStatus(upid, never)],
  [/^GET \/api2\/json\/nodes\/\w+\/tasks\/[^/ ]+\/log /, (c) => c.taskLog(upid, never)],
  [/^GET \/api2\/json\/nodes\/\w+\/tasks\?source=active /, (c) => c.activeTasks(node, never)],
  [/^GET \/api2\/json\/pools\/\w+ /, (c) => c.poolMembers("p", never)],
  [/^GET \/api2\/json\/access\/permissions /, (c) => c.permissions(never)],
  [/^POST \/api2\/json\/nodes\/\w+\/qemu\/\d+\/clone /, (c) => c.clone(node, vmid, cloneParams, never)],
  [/^POST \/api2\/json\/nodes\/\w+\/qemu\/\d+\/status\/start /, (c) => c.start(node, vmid, never)],
  [/^DELETE \/api2\/json\/nodes\/\w+\/qemu\/\d+[? ]/, (c) => c.destroy(node, vmid, never)],
  [
    /^DELETE \/api2\/json\/nodes\/\w+\/storage\/\w+\/content\//,
    (c) => c.deleteVolume(node, lab, "lab:iso/a.iso", never),
  ],
];

for (const file of ["pve-8.4", "pve-9.2", "flows-8.4", "flows-9.2"]) {
  test(`every recorded answer of ${file} that we ask for can be read`, { skip }, async () => {
    const lines = readFileSync(contractFile(`${file}.jsonl`), "utf8")
      .trim()
      .split("\n");
    let read = 0;
    for (const { name, request, response } of lines.map((line): Recording => JSON.parse(line))) {
      const reader = readers.find(([line]) => line.test(request.line));
      const { status, body } = response;
      if (reader === undefined || status !== 200 || !body) continue;
      const { http } = fakePve(() => new Response(body));
      await assert.doesNotReject(reader[1](createClient(http)), `${file}: ${name}`);
      read++;
    }
    assert.ok(read > 20, `only ${read} answers were found`);
  });
}
