import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asInstanceName, asNodeName } from "../../src/domain/ids.ts";
import type { LeaseText } from "../../src/domain/lease.ts";
import { createLeaseGuest } from "../../src/proxmox/lease-guest.ts";
import { createTasks } from "../../src/proxmox/tasks.ts";
import { signerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();
const instance = asInstanceName("lab");
const lease = (nonce: string): LeaseText => ({ instance, holder: "one", nonce, released: false });

/** A lease on pve1 of a cluster with two nodes, and the guest that carries it. */
async function stage() {
  let away: string | null = null;
  const world = lab({
    world: { nodes: [{ name: "pve1" }, { name: "pve2" }] },
    spec: { nodes: [asNodeName("pve1"), asNodeName("pve2")] },
    faults: {
      before: (request) =>
        away !== null && request.url.includes(`/nodes/${away}/`)
          ? new Response(null, { status: 595, statusText: "No route to host" })
          : null,
    },
  });
  const { client, clock, spec, pve } = world;
  const record = createLeaseGuest({
    client,
    tasks: createTasks(client, clock),
    spec,
    instance,
    signer: signerOf("lab"),
  });
  await clock.until(record.read(signal));
  assert.equal(await clock.until(record.create(lease("aaaa"), signal)), true);
  await clock.pass(20_000);
  const guest = () => {
    const found = pve.state.guests.get(spec.range.last);
    assert.ok(found);
    return found;
  };
  const cutOff = (node: string | null): void => {
    away = node;
  };
  return { clock, pve, record, guest, cutOff, last: Number(spec.range.last) };
}

test("while a backup locks the guest that carries the lease, it cannot be renewed; afterwards it can", async () => {
  const { clock, record, guest } = await stage();
  guest().config.set("lock", "backup");
  await clock.until(record.read(signal));
  await assert.rejects(clock.until(record.replace(lease("bbbb"), signal)), (e) => hasCode(e, "locked"));
  guest().config.delete("lock");
  await clock.until(record.read(signal));
  assert.equal(await clock.until(record.replace(lease("cccc"), signal)), true);
});

test("while the node with the guest that carries the lease is away, nobody can say whose it is", async () => {
  const { clock, record, cutOff } = await stage();
  cutOff("pve1");
  await assert.rejects(clock.until(record.read(signal)), (e) => hasCode(e, "unavailable"));
  cutOff(null);
  assert.deepEqual(await clock.until(record.read(signal)), { kind: "written", lease: lease("aaaa") });
});

test("the guest that carries the lease is found where somebody has migrated it", async () => {
  const { clock, pve, record, guest, last } = await stage();
  pve.state.guests.set(guest().vmid, { ...guest(), node: "pve2" });
  await clock.pass(20_000);
  assert.deepEqual(await clock.until(record.read(signal)), { kind: "written", lease: lease("aaaa") });
  assert.equal(await clock.until(record.replace(lease("bbbb"), signal)), true);
  assert.equal(pve.state.guests.get(last)?.node, "pve2");
});

test("a lease guest that was moved off a dead node is found again by the same process", async () => {
  const world = lab({
    world: { nodes: [{ name: "pve1" }, { name: "pve2" }] },
    spec: { nodes: [asNodeName("pve1"), asNodeName("pve2")] },
  });
  const { client, clock, spec, pve } = world;
  const record = createLeaseGuest({
    client,
    tasks: createTasks(client, clock),
    spec,
    instance,
    signer: signerOf("lab"),
  });
  await clock.until(record.create({ instance, holder: "one", nonce: "aaaa", released: false }, signal));
  await clock.pass(20_000);
  for (const node of pve.state.spec.nodes) if (node.name === "pve1") node.online = false;
  await assert.rejects(clock.until(record.read(signal)));
  const guest = pve.state.guests.get(299);
  assert.ok(guest);
  pve.state.guests.set(299, { ...guest, node: "pve2" });
  await clock.pass(20_000);
  assert.equal((await clock.until(record.read(signal))).kind, "written");
});
