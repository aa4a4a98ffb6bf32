import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { asNodeName, asStorageName, asUpid, asVmid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { createClient, type ProxmoxClient } from "../../src/proxmox/client.ts";
import { contractFile, withoutContracts } from "../contracts.ts";
import { data, fakePve, never, type Seen } from "./fake-pve.ts";

const skip = withoutContracts;

const node = asNodeName("pve1");
const vmid = asVmid(101);
const lab = asStorageName("lab");
const upid = asUpid("UPID:pve1:00003A87:0006215E:6B014E43:qmclone:9000:gha@pve!autoscaler:");
const ct = { node, vmid, type: "lxc" as const };
const vm = { node, vmid, type: "qemu" as const };
const bytes = new Uint8Array(3);
const download = { content: "iso" as const, url: "https://images.test/a.iso", name: "a.iso", sha256: "00" };
const change = { set: { cores: 2, description: "d" }, delete: ["tags"], digest: "2b" };
const containerParams = {
  vmid,
  template: "lab:vztmpl/a.tar.zst",
  storage: lab,
  pool: "p",
  password: new Secret("12345"),
  start: true,
  options: { hostname: "n", rootfs: "lab:2", net0: "name=eth0,bridge=vmbr0", features: "nesting=1", unprivileged: 1 },
};
const cloneParams = { newid: vmid, name: "n", description: "d", pool: "p", full: true, storage: lab };

/** Each call with every parameter that it can have, and the operation of the schema that it is. */
const operations: readonly [operation: string, call: (client: ProxmoxClient) => Promise<unknown>][] = [
  ["GET /version", (c) => c.version(never)],
  ["GET /nodes", (c) => c.nodes(never)],
  ["GET /cluster/resources", (c) => c.resources(never)],
  ["GET /nodes/{node}/qemu", (c) => c.guests(node, never)],
  ["GET /nodes/{node}/qemu/{vmid}/status/current", (c) => c.status(node, vmid, never)],
  ["GET /nodes/{node}/qemu/{vmid}/config", (c) => c.config(node, vmid, never)],
  [
    "POST /nodes/{node}/qemu",
    (c) => c.createGuest(node, { vmid: asVmid(299), name: "ci-lease", description: "x", pool: "ci" }, never),
  ],
  ["POST /nodes/{node}/qemu/{vmid}/clone", (c) => c.clone(node, asVmid(9000), cloneParams, never)],
  ["PUT /nodes/{node}/qemu/{vmid}/config", (c) => c.putConfig(node, vmid, change, never)],
  ["PUT /nodes/{node}/lxc/{vmid}/config", (c) => c.putContainerConfig(node, vmid, change, never)],
  ["POST /nodes/{node}/qemu/{vmid}/config", (c) => c.postConfig(node, vmid, change, never)],
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
  ["GET /access/permissions", (c) => c.privilegesAt("/vms/101", never)],
  ["GET /pools", (c) => c.pools(never)],
  ["GET /nodes/{node}/status", (c) => c.nodeStatus(node, never)],
  ["GET /nodes/{node}/storage", (c) => c.storages(node, never)],
  ["GET /cluster/resources", (c) => c.clusterStorages(never)],
  ["GET /nodes/{node}/storage/{storage}/content/{volume}", (c) => c.volumeInfo(node, lab, "lab:iso/a.iso", never)],
  [
    "DELETE /nodes/{node}/storage/{storage}/content/{volume}",
    (c) => c.deleteVolume(node, lab, "lab:iso/a.iso", never, 10_000),
  ],
  [
    "POST /nodes/{node}/storage/{storage}/upload",
    (c) => c.upload(node, lab, { content: "iso", name: "a.iso", bytes }, never),
  ],
  ["POST /nodes/{node}/storage/{storage}/download-url", (c) => c.downloadUrl(node, lab, download, never)],
  ["GET /nodes/{node}/aplinfo", (c) => c.appliances(node, never)],
  ["POST /nodes/{node}/aplinfo", (c) => c.downloadAppliance(node, lab, "debian-13.tar.zst", never)],
  [
    "POST /nodes/{node}/qemu/{vmid}/status/shutdown",
    (c) => c.shutdown(node, vmid, { timeout: 60_000, force: true }, never),
  ],
  ["POST /nodes/{node}/qemu/{vmid}/template", (c) => c.makeTemplate(node, vmid, never)],
  ["GET /nodes/{node}/qemu/{vmid}/snapshot", (c) => c.snapshots(node, vmid, never)],
  [
    "POST /nodes/{node}/qemu/{vmid}/snapshot",
    (c) => c.takeSnapshot(node, vmid, { name: "warm", description: "d", memory: true }, never),
  ],
  [
    "POST /nodes/{node}/qemu/{vmid}/snapshot/{snapname}/rollback",
    (c) => c.rollback(node, vmid, "warm", { start: true }, never),
  ],
  ["GET /nodes/{node}/qemu/{vmid}/feature", (c) => c.canSnapshot(node, vmid, never)],
  ["DELETE /nodes/{node}/qemu/{vmid}/snapshot/{snapname}", (c) => c.deleteSnapshot(node, vmid, "warm", never)],
  ["GET /nodes/{node}/qemu/{vmid}/agent/network-get-interfaces", (c) => c.agentInterfaces(node, vmid, never)],
  ["GET /nodes/{node}/qemu/{vmid}/agent/get-time", (c) => c.agentTime(node, vmid, never)],
  ["GET /nodes/{node}/qemu/{vmid}/agent/file-read", (c) => c.readGuestFile(node, vmid, "/run/x", never)],
  ["POST /nodes/{node}/qemu/{vmid}/agent/file-write", (c) => c.writeGuestFile(node, vmid, "/run/x", bytes, never)],
  ["POST /nodes/{node}/qemu/{vmid}/agent/exec", (c) => c.exec(node, vmid, ["/bin/cat", "-"], never, "in")],
  ["GET /nodes/{node}/qemu/{vmid}/agent/exec-status", (c) => c.execStatus(node, vmid, 490, never)],
  ["GET /nodes/{node}/lxc", (c) => c.containers(node, never)],
  ["GET /nodes/{node}/lxc/{vmid}/config", (c) => c.containerConfig(node, vmid, never)],
  ["GET /nodes/{node}/lxc/{vmid}/status/current", (c) => c.containerStatus(node, vmid, never)],
  ["GET /nodes/{node}/lxc/{vmid}/interfaces", (c) => c.containerInterfaces(node, vmid, never)],
  ["POST /nodes/{node}/lxc", (c) => c.createContainer(node, containerParams, never)],
  ["POST /nodes/{node}/lxc/{vmid}/status/start", (c) => c.startContainer(node, vmid, never)],
  ["POST /nodes/{node}/lxc/{vmid}/status/stop", (c) => c.stopContainer(node, vmid, never)],
  ["DELETE /nodes/{node}/lxc/{vmid}", (c) => c.destroyContainer(node, vmid, { force: true }, never)],
  ["POST /nodes/{node}/qemu/{vmid}/termproxy", (c) => c.termproxy(vm, never)],
  ["POST /nodes/{node}/lxc/{vmid}/termproxy", (c) => c.termproxy(ct, never)],
];

interface Parameter {
  readonly type?: string;
  readonly optional?: 0 | 1;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
}

interface SchemaNode {
  readonly path: string;
  readonly info?: Readonly<Record<string, { parameters?: { properties?: Readonly<Record<string, Parameter>> } }>>;
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
      const sent = parametersOf(request);
      for (const [name, value] of sent) {
        const parameter = names[name] ?? names[name.replace(/\d+$/, "[n]")];
        assert.ok(parameter !== undefined, `${operation} does not know ${name}`);
        assert.ok(fits(value, parameter), `${operation}: ${name}=${value} is not ${JSON.stringify(parameter)}`);
      }
      const given = new Set([...sent.map(([name]) => name), ...Array.from(path.matchAll(/\{(\w+)\}/g), ([, n]) => n)]);
      const absent = Object.keys(names).filter((name) => names[name]?.optional !== 1 && !given.has(name));
      assert.deepEqual(absent, [], `${operation} wants them`);
    }
  });
}

test("every call of the client is in the table", async () => {
  const { http } = fakePve(() => data(null));
  const client = createClient(http);
  const called = new Set<string | symbol>();
  const spy = new Proxy(client, {
    get(target, name, receiver) {
      called.add(name);
      return Reflect.get(target, name, receiver);
    },
  });
  for (const [, call] of operations) await call(spy).catch(() => {});
  assert.deepEqual(
    Object.keys(client).filter((name) => !called.has(name)),
    [],
  );
});

function parametersOf({ path, body }: Seen): [name: string, value: string][] {
  const query = new URL(path, "https://pve.test").searchParams;
  if (body instanceof Uint8Array) {
    const parts = Buffer.from(body).toString("latin1");
    const found = parts.matchAll(/; name="([^"]*)"(?:; filename="([^"]*)")?.*?\r\n\r\n(.*?)\r\n--/gs);
    return Array.from(found, ([, name = "", file, value = ""]) => [name, file ?? value]);
  }
  return [...query, ...new URLSearchParams(body ?? "")];
}

/** As PVE reads a form: text all over, flags as 0 and 1. */
function fits(value: string, { type, enum: values, maxLength, minimum, maximum }: Parameter): boolean {
  if (type === "boolean") return value === "0" || value === "1";
  if (type === "integer" && !/^-?\d+$/.test(value)) return false;
  const [low, high] = [minimum ?? Number.NEGATIVE_INFINITY, maximum ?? Number.POSITIVE_INFINITY];
  if (type === "integer" || type === "number") return Number(value) >= low && Number(value) <= high;
  return (values?.includes(value) ?? true) && value.length <= (maxLength ?? value.length);
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
  [/^GET \/api2\/json\/access\/permissions\?path=/, (c) => c.privilegesAt("/", never)],
  [/^GET \/api2\/json\/pools /, (c) => c.pools(never)],
  [/^GET \/api2\/json\/nodes\/\w+\/status /, (c) => c.nodeStatus(node, never)],
  [/^GET \/api2\/json\/nodes\/\w+\/storage /, (c) => c.storages(node, never)],
  [/^GET \/api2\/json\/nodes\/\w+\/storage\/\w+\/content\/\S/, (c) => c.volumeInfo(node, lab, "lab:x", never)],
  [/^GET \/api2\/json\/nodes\/\w+\/qemu\/\d+\/snapshot /, (c) => c.snapshots(node, vmid, never)],
  [/^(POST|DELETE) \S+\/qemu\/\d+\/snapshot\/\w+(\/rollback)? /, (c) => c.deleteSnapshot(node, vmid, "warm", never)],
  [/^POST \S+\/qemu\/\d+\/(template|snapshot|status\/shutdown) /, (c) => c.makeTemplate(node, vmid, never)],
  [/^POST \S+\/qemu\/\d+\/config /, (c) => c.postConfig(node, vmid, change, never)],
  [/^POST \S+\/upload /, (c) => c.upload(node, lab, { content: "iso", name: "a.iso", bytes }, never)],
  [/^GET \S+\/agent\/network-get-interfaces /, (c) => c.agentInterfaces(node, vmid, never)],
  [/^GET \S+\/agent\/get-time /, (c) => c.agentTime(node, vmid, never)],
  [/^GET \S+\/agent\/file-read\?/, (c) => c.readGuestFile(node, vmid, "/run/x", never)],
  [/^POST \S+\/agent\/file-write /, (c) => c.writeGuestFile(node, vmid, "/run/x", bytes, never)],
  [/^POST \S+\/agent\/exec /, (c) => c.exec(node, vmid, ["/bin/true"], never)],
  [/^GET \S+\/agent\/exec-status\?/, (c) => c.execStatus(node, vmid, 490, never)],
  [/^GET \S+\/lxc /, (c) => c.containers(node, never)],
  [/^GET \S+\/lxc\/\d+\/config /, (c) => c.containerConfig(node, vmid, never)],
  [/^GET \S+\/lxc\/\d+\/status\/current /, (c) => c.containerStatus(node, vmid, never)],
  [/^GET \S+\/lxc\/\d+\/interfaces /, (c) => c.containerInterfaces(node, vmid, never)],
  [/^POST \S+\/lxc /, (c) => c.createContainer(node, containerParams, never)],
  [/^POST \S+\/lxc\/\d+\/status\/start /, (c) => c.startContainer(node, vmid, never)],
  [/^POST \S+\/lxc\/\d+\/status\/stop /, (c) => c.stopContainer(node, vmid, never)],
  [/^DELETE \S+\/lxc\/\d+[? ]/, (c) => c.destroyContainer(node, vmid, { force: false }, never)],
  [/^POST \S+\/termproxy /, (c) => c.termproxy(ct, never)],
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
      if (reader === undefined || status !== 200 || !body || isCut(body)) continue;
      const { http } = fakePve(() => new Response(body));
      await assert.doesNotReject(reader[1](createClient(http)), `${file}: ${name}`);
      read++;
    }
    assert.ok(read > 20, `only ${read} answers were found`);
  });
}

/** The longest answers were not kept whole. */
const isCut = (body: string): boolean => !body.trimEnd().endsWith("}");
