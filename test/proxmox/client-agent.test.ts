import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asNodeName, asVmid } from "../../src/domain/ids.ts";
import { mostBytesInGuest } from "../../src/proxmox/agent-calls.ts";
import { createClient } from "../../src/proxmox/client.ts";
import { broken, data, fakePve, never, type Reply, refusal } from "./fake-pve.ts";

const node = asNodeName("pve1");
const vmid = asVmid(101);

function clientOf(...replies: readonly Reply[]) {
  const pve = fakePve(...replies);
  return { ...pve, client: createClient(pve.http) };
}

test("a guest's interfaces come with their addresses, an unconfigured one without", async () => {
  const addresses = [
    { "ip-address": "10.77.0.5", "ip-address-type": "ipv4", prefix: 24 },
    { "ip-address": "fe80::1", "ip-address-type": "ipv6", prefix: 64 },
  ];
  const { client } = clientOf(() =>
    data({
      result: [{ name: "eth0", "hardware-address": "bc:24:11:00:00:01", "ip-addresses": addresses }, { name: "x" }],
    }),
  );
  assert.deepEqual(await client.agentInterfaces(node, vmid, never), [
    {
      name: "eth0",
      mac: "bc:24:11:00:00:01",
      addresses: [
        { family: 4, address: "10.77.0.5", prefix: 24 },
        { family: 6, address: "fe80::1", prefix: 64 },
      ],
    },
    { name: "x", mac: null, addresses: [] },
  ]);
});

test("a guest's time comes in milliseconds", async () => {
  const { client } = clientOf(() => new Response('{"data":{"result":1795249678767961000}}'));
  assert.equal(await client.agentTime(node, vmid, never), 1795249678768);
});

test("every byte survives the way into a guest and back", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
  const { client, seen } = clientOf(
    () => data(null),
    () => data({ content: Buffer.from(bytes).toString("latin1"), "bytes-read": 256 }),
  );
  await client.writeGuestFile(node, vmid, "/run/dispatcher/jit", bytes, never);
  const form = new URLSearchParams(String(seen[0]?.body));
  assert.deepEqual(new Uint8Array(Buffer.from(form.get("content") ?? "", "base64")), bytes);
  assert.equal(form.get("encode"), "0");
  const read = await client.readGuestFile(node, vmid, "/run/dispatcher/jit", never);
  assert.deepEqual(new Uint8Array(read.bytes), bytes);
  assert.equal(read.truncated, false);
});

test("a file that PVE would refuse for its size is refused before it is sent", async () => {
  const { client, seen } = clientOf(() => data(null));
  await client.writeGuestFile(node, vmid, "/run/x", new Uint8Array(mostBytesInGuest), never);
  assert.equal(new URLSearchParams(String(seen[0]?.body)).get("content")?.length, 61_440);
  const tooLong = client.writeGuestFile(node, vmid, "/run/x", new Uint8Array(mostBytesInGuest + 1), never);
  await assert.rejects(tooLong, (e) => hasCode(e, "invalid") && /\/run\/x in guest 101: 46081 bytes/.test(e.message));
  assert.equal(seen.length, 1);
});

test("a program is started with its arguments as they are", async () => {
  const { client, seen } = clientOf(() => data({ pid: 490 }));
  assert.equal(await client.exec(node, vmid, ["/bin/sh", "-c", "echo a b"], never, "in"), 490);
  assert.equal(seen[0]?.body, "command=%2Fbin%2Fsh&command=-c&command=echo+a+b&input-data=in");
});

test("a program runs, has ended by itself, or was ended by a signal", async () => {
  const { client } = clientOf(
    () => data({ exited: 0 }),
    () => data({ exited: 1, exitcode: 3, "out-data": "hi\n", "err-data": "err\n", "out-truncated": 0 }),
    () => data({ exited: 1, signal: 9, "out-truncated": 1 }),
  );
  const ended = { kind: "exited", out: "", err: "", truncated: false } as const;
  assert.deepEqual(await client.execStatus(node, vmid, 490, never), { kind: "running" });
  assert.deepEqual(await client.execStatus(node, vmid, 490, never), {
    ...ended,
    exitCode: 3,
    signal: null,
    out: "hi\n",
    err: "err\n",
  });
  assert.deepEqual(await client.execStatus(node, vmid, 490, never), {
    ...ended,
    exitCode: null,
    signal: 9,
    truncated: true,
  });
});

test("a program's end that was lost on the way is a lost answer, and is not asked for again", async () => {
  const { client, seen } = clientOf(() => Promise.reject(broken("ECONNRESET")));
  await assert.rejects(client.execStatus(node, vmid, 490, never), (e) => hasCode(e, "lost_answer"));
  assert.equal(seen.length, 1);
});

test("an agent that is silent is unavailable and is not asked again at once", async () => {
  const { client, seen } = clientOf(() => refusal(500, "QEMU guest agent is not running"));
  await assert.rejects(client.agentTime(node, vmid, never), (e) => hasCode(e, "unavailable"));
  assert.equal(seen.length, 1);
});
