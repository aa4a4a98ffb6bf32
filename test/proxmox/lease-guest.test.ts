import assert from "node:assert/strict";
import { test } from "node:test";
import { asInstanceName } from "../../src/domain/ids.ts";
import type { LeaseText } from "../../src/domain/lease.ts";
import { createLeaseGuest } from "../../src/proxmox/lease-guest.ts";
import { createTasks } from "../../src/proxmox/tasks.ts";
import { signerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();
const instance = asInstanceName("lab");
const lease = (holder: string, nonce: string): LeaseText => ({ instance, holder, nonce, released: false });

function stage(options: Parameters<typeof lab>[0] = {}) {
  const world = lab(options);
  const { client, clock, spec } = world;
  const record = (key = "lab") =>
    createLeaseGuest({ client, tasks: createTasks(client, clock), spec, instance, signer: signerOf(key) });
  return { ...world, record, last: Number(spec.range.last) };
}

test("the lease is a guest without disks at the range's last VMID, off, in the resource pool, and found again", async () => {
  const { record, clock, pve, last } = stage();
  const mine = record();
  assert.deepEqual(await mine.read(signal), { kind: "absent" });
  assert.equal(await clock.until(mine.create(lease("one", "aaaa"), signal)), true);
  const guest = pve.state.guests.get(last);
  assert.ok(guest);
  assert.equal(guest.power.kind, "stopped");
  assert.deepEqual(
    [...guest.config.keys()].filter((key) => /^(scsi|ide|sata|virtio)\d/.test(key)),
    [],
  );
  assert.deepEqual(await mine.read(signal), { kind: "written", lease: lease("one", "aaaa") });
  await clock.pass(20_000);
  assert.deepEqual(await record().read(signal), { kind: "written", lease: lease("one", "aaaa") });
});

test("of two who create it one wins, and of two who replace it one wins", async () => {
  const { record, clock, pve } = stage();
  const [one, two] = [record(), record()];
  const made = [one.create(lease("one", "aaaa"), signal), two.create(lease("two", "bbbb"), signal)];
  assert.deepEqual((await clock.until(Promise.all(made))).toSorted(), [false, true]);
  await clock.pass(20_000);
  await one.read(signal);
  await two.read(signal);
  const written = [await two.replace(lease("two", "cccc"), signal), await one.replace(lease("one", "dddd"), signal)];
  assert.deepEqual(written, [true, false]);
  assert.equal([...pve.state.guests.values()].filter((guest) => guest.origin === "created").length, 1);
});

test("lines that a person adds to its description stay", async () => {
  const { record, clock, pve, last } = stage();
  const mine = record();
  await clock.until(mine.create(lease("one", "aaaa"), signal));
  const guest = pve.state.guests.get(last);
  guest?.config.set("description", `${guest.config.get("description")}\nask Ann before you remove this`);
  await mine.read(signal);
  assert.equal(await mine.replace(lease("one", "bbbb"), signal), true);
  assert.match(String(guest?.config.get("description")), /"nonce":"bbbb"[\s\S]*ask Ann/);
});

test("a guest that carries no lease of ours blocks, with what it is and the way out", async () => {
  const named = stage({ world: { guests: [{ vmid: 299, node: "pve1", name: "database" }] } });
  const foreign = await named.record().read(signal);
  assert.ok(foreign.kind === "blocked");
  assert.match(foreign.why, /VMID 299, .* holds guest database; give the pool another range/);

  const signed = stage();
  await signed.clock.until(signed.record().create(lease("one", "aaaa"), signal));
  await signed.clock.pass(20_000);
  const other = await signed.record("another key").read(signal);
  assert.ok(other.kind === "blocked" && /another key has signed/.test(other.why));

  // Two instances may share a token, and then they share the key.
  const shared = stage();
  const neighbour = { ...lease("one", "aaaa"), instance: asInstanceName("neighbour") };
  await shared.clock.until(shared.record().create(neighbour, signal));
  await shared.clock.pass(20_000);
  const theirs = await shared.record().read(signal);
  assert.ok(theirs.kind === "blocked" && /the lease of instance neighbour/.test(theirs.why));
});

test("a pass neither counts nor touches it", async () => {
  const { record, clock, site, changes } = stage();
  await clock.until(record().create(lease("one", "aaaa"), signal));
  await clock.pass(20_000);
  const before = changes();
  const { guests, hidden } = await clock.until(site.observe(signal));
  assert.deepEqual([guests, hidden], [[], []]);
  assert.deepEqual(changes(), before);
});
