import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asStorageName, asVmid, type Upid } from "../../src/domain/ids.ts";
import { Secret } from "../../src/domain/secret.ts";
import { MINUTE } from "../../src/domain/time.ts";
import { createPve } from "../../src/emulator/pve/pve.ts";
import { pveSpec } from "../../src/emulator/pve/spec.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { createHttp } from "../../src/proxmox/http.ts";
import { createTasks } from "../../src/proxmox/tasks.ts";
import { ManualClock } from "../clock.ts";
import { withoutContracts } from "../contracts.ts";
import { seededChance, worldTimeOf } from "../lab.ts";
import { never } from "../proxmox/fake-pve.ts";
import { schemaOf } from "./schema.ts";

const node = asNodeName("pve1");
const local = asStorageName("local");
const template = asVmid(9000);
const vmid = asVmid(101);
const token = { id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555" };

test("a request that PVE does not know is found", { skip: withoutContracts }, () => {
  const schema = schemaOf("9.2");
  const url = new URL("https://pve.test:8006/api2/json/nodes/pve1/qemu/101/status/stop?timeout=soon&nosuch=1");
  assert.deepEqual(schema.violations("POST", url, undefined, ""), [
    "POST /nodes/{node}/qemu/{vmid}/status/stop: timeout = soon: not an integer",
    "POST /nodes/{node}/qemu/{vmid}/status/stop: nosuch is unknown",
  ]);
  assert.equal(schema.violations("PATCH", url, undefined, "").length, 1);
});

for (const generation of ["8.4", "9.2"] as const) {
  test(`a guest's whole life asks only what PVE ${generation} knows`, { skip: withoutContracts }, async () => {
    const schema = schemaOf(generation);
    const violations: string[] = [];
    let requests = 0;
    const clock = new ManualClock();
    const pve = createPve({
      spec: pveSpec.parse({
        generation,
        tokens: [{ ...token, privileges: "all" }],
        resourcePools: ["runners"],
        guests: [{ vmid: 9000, name: "base", template: true }],
      }),
      time: worldTimeOf(clock),
      chance: seededChance(),
      audit: () => {},
      boot: () => ({ agentAnswers: () => true, readFile: async () => null, writeFile: async () => true }),
    });
    const http = createHttp({
      url: new URL("https://pve.test:8006"),
      tokenId: token.id,
      tokenSecret: new Secret(token.secret),
      clock,
      fetch: (url, { method, headers, body }) => {
        requests++;
        violations.push(
          ...schema.violations(method, new URL(url), body, String(new Headers(headers).get("content-type"))),
        );
        return pve.handler(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
      },
    });
    const client = createClient(http);
    const tasks = createTasks(client, clock);
    const done = async (work: Promise<Upid>): Promise<void> => {
      const upid = await clock.until(work);
      await clock.until(tasks.finish(upid, "task", { deadline: 10 * MINUTE, signal: never }));
    };
    const asked = <T>(work: Promise<T>): Promise<T> => clock.until(work);

    await asked(client.version(never));
    await asked(client.permissions(never));
    await asked(client.nodes(never));
    await asked(client.nextId(vmid, never));
    const wish = { newid: vmid, name: "ci-1", description: "{}", pool: "runners", full: false, storage: null };
    await done(client.clone(node, template, wish, never));
    const config = await asked(client.config(node, vmid, never));
    assert.ok(config !== null);
    await asked(
      client.putConfig(node, vmid, { set: { cores: 2, memory: 1024, description: "x" }, digest: config.digest }, never),
    );
    await done(client.resize(node, vmid, "scsi0", "20G", never));
    await done(client.start(node, vmid, never));
    await asked(client.status(node, vmid, never));
    await asked(client.pingAgent(node, vmid, never));
    await asked(client.resources(never));
    await asked(client.guests(node, never));
    await asked(client.activeTasks(node, never));
    await asked(client.poolMembers("runners", never));
    await asked(client.volumes(node, local, "iso", never));
    await done(client.stop(node, vmid, never));
    await done(client.destroy(node, vmid, never));
    assert.equal(pve.state.guests.has(vmid), false);
    console.log(`PVE ${generation}: ${requests} requests, ${violations.length} violations`);
    assert.deepEqual(violations, []);
  });
}
