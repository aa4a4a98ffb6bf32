import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asNodeName, asVmid } from "../../src/domain/ids.ts";
import type { GuestRef } from "../../src/domain/pool.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const signal = new AbortController().signal;
const pve1 = asNodeName("pve1");
type Lab = ReturnType<typeof lab>;

async function cloned(world: Lab, nonce = "abcdefghij"): Promise<GuestRef> {
  const { site, clock, spec } = world;
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce, phase: "cloning", created: clock.now() });
  const cloning = await clock.until(site.clone({ spec, node: pve1, marker }, signal));
  await clock.until(cloning.done);
  return cloning.guest;
}

async function started(world: Lab, nonce?: string): Promise<GuestRef> {
  const { site, clock, spec, seeds } = world;
  const guest = await cloned(world, nonce);
  await clock.until(site.configure(guest, spec, signal));
  const seed = await clock.until(
    seeds.put({ vmid: guest.vmid, node: pve1, name: guest.name, userData: "#cloud-config" }, signal),
  );
  await clock.until(site.attach(guest, seed, signal));
  await clock.until(site.start(guest, signal));
  return guest;
}

const configOf = async (world: Lab, { vmid }: GuestRef): Promise<Readonly<Record<string, string>>> =>
  (await world.clock.until(world.client.config(pve1, vmid, signal))).values;

/** A person at work on the guest, by another way than ours. */
async function byHand(world: Lab, { vmid }: GuestRef, set: Record<string, string | number>): Promise<void> {
  await world.clock.until(world.client.putConfig(pve1, vmid, { set, digest: null }, signal));
}

test("a guest is cloned, configured, armed and started, and its marker tells how far it came", async () => {
  const world = lab({ spec: { hardware: { cores: 4, memoryMiB: 4096, diskGiB: null, network: null } } });
  const guest = await started(world);
  assert.equal(guest.name, "runner-abcdefghij");
  const values = await configOf(world, guest);
  assert.equal(values.cores, "4");
  assert.equal(values.memory, "4096");
  assert.equal(values.ide2?.split(",")[0], "local:iso/lab-200.iso", "on exactly the cloud-init drive's slot");
  const { guests } = await world.clock.until(world.site.observe(signal));
  assert.deepEqual(
    guests.map((g) => [g.vmid, g.power, g.marker.phase, g.seedAttached, g.stray]),
    [[200, "running", "armed", true, null]],
  );
});

test("protection and start at boot of the template do not stay on its clones", async () => {
  const template = { vmid: 9000, name: "base", node: "pve1", template: true, protection: true, config: { onboot: 1 } };
  const world = lab({ world: { guests: [template] } });
  const guest = await cloned(world);
  assert.equal((await configOf(world, guest)).protection, "1");
  await world.clock.until(world.site.configure(guest, world.spec, signal));
  const values = await configOf(world, guest);
  assert.deepEqual([values.protection, values.onboot], ["0", "0"]);
});

test("a disk is grown to what the pool asks for", async () => {
  const world = lab({ spec: { hardware: { cores: null, memoryMiB: null, diskGiB: 40, network: null } } });
  const guest = await cloned(world);
  await world.clock.until(world.site.configure(guest, world.spec, signal));
  assert.match((await configOf(world, guest)).scsi0 ?? "", /size=40G/);
});

test("guests of others in the range are passed over, and are in no observation", async () => {
  const others = [200, 201, 202].map((vmid) => ({ vmid, name: `runner-other${vmid}xx`, node: "pve1" }));
  const template = { vmid: 9000, name: "base", node: "pve1", template: true };
  const world = lab({ world: { guests: [template, ...others] } });
  assert.equal((await cloned(world)).vmid, 203);
  const { guests } = await world.clock.until(world.site.observe(signal));
  assert.deepEqual(
    guests.map((g) => g.vmid),
    [203],
  );
});

test("a full range is said by name, with the way out", async () => {
  const guests = [
    { vmid: 9000, name: "base", node: "pve1", template: true },
    { vmid: 200, node: "pve1" },
  ];
  const world = lab({ world: { guests }, spec: { range: { first: asVmid(200), last: asVmid(201) } } });
  await assert.rejects(cloned(world), (error) => {
    assert.ok(hasCode(error, "no_capacity"));
    assert.match(error.message, /VMID range 200-201 is full/);
    assert.ok(error.details.remedy);
    return true;
  });
  assert.deepEqual(world.changes(), []);
});

test("clones that begin at once get different VMIDs", async () => {
  const world = lab();
  await world.clock.until(world.site.observe(signal));
  const clonings = await world.clock.until(
    Promise.all(
      ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"].map((nonce) =>
        world.site.clone({ spec: world.spec, node: pve1, marker: markerOf({ nonce, phase: "cloning" }) }, signal),
      ),
    ),
  );
  await world.clock.until(Promise.all(clonings.map((c) => c.done)));
  assert.deepEqual(clonings.map((c) => c.guest.vmid).sort(), [200, 201, 202]);
});

test("while its clone runs, a VMID is neither free nor gone", async () => {
  const world = lab();
  await world.clock.until(world.site.observe(signal));
  const marker = markerOf({ phase: "cloning" });
  const cloning = await world.clock.until(world.site.clone({ spec: world.spec, node: pve1, marker }, signal));
  assert.equal(await world.clock.until(world.site.isFree(cloning.guest.vmid, signal)), "unknown");
  await world.clock.until(cloning.done);
  assert.equal(await world.clock.until(world.site.isFree(cloning.guest.vmid, signal)), "ours");
});

const disguises: readonly [string, Record<string, string | number>][] = [
  ["was protected by a person", { protection: 1 }],
  ["was renamed by a person", { name: "keep-me" }],
  ["lost its marker", { description: "mine now" }],
];
for (const [what, set] of disguises) {
  test(`a guest that ${what} is not changed, not started and not destroyed`, async () => {
    const world = lab();
    const guest = await cloned(world);
    await world.clock.until(world.site.configure(guest, world.spec, signal));
    await byHand(world, guest, set);
    const before = world.changes().length;
    for (const act of [
      () => world.site.start(guest, signal),
      () => world.site.destroy(guest, signal),
      () => world.site.stopAndDestroy(guest, signal),
      () => world.site.configure(guest, world.spec, signal),
    ]) {
      await assert.rejects(world.clock.until(act()), (error) => hasCode(error, "not_ours"));
    }
    assert.equal(world.changes().length, before, "nothing was sent");
  });
}

test("the emptied drive and the blanked image hold nothing, and the guest runs on", async () => {
  const world = lab();
  const guest = await started(world);
  assert.equal(world.pve.tally().seeds, 1);
  await world.clock.until(world.seeds.blank(guest.vmid, pve1, signal));
  await world.clock.until(world.site.eject(guest, signal));
  assert.equal(world.pve.tally().seeds, 0);
  assert.equal((await configOf(world, guest)).ide2, "none,media=cdrom");
  const [seen] = (await world.clock.until(world.site.observe(signal))).guests;
  assert.deepEqual([seen?.power, seen?.seedAttached], ["running", false]);
});

test("a running guest is not destroyed as if it were off; stopped and destroyed it is", async () => {
  const world = lab();
  const guest = await started(world);
  await assert.rejects(world.clock.until(world.site.destroy(guest, signal)), (error) => hasCode(error, "conflict"));
  await world.clock.until(world.site.stopAndDestroy(guest, signal));
  assert.equal(await world.clock.until(world.site.isFree(guest.vmid, signal)), "free");
});

test("to destroy a guest that is gone is done at once", async () => {
  const world = lab();
  const guest = await cloned(world);
  await world.clock.until(world.site.destroy(guest, signal));
  const before = world.changes().length;
  await world.clock.until(world.site.destroy(guest, signal));
  assert.equal(world.changes().length, before);
});

test("seeds are listed by our VMIDs alone, and removed or left blank", async () => {
  const world = lab({ world: { volumes: [{ storage: "local", name: "iso/lab-999.iso", size: 4096 }] } });
  const seed = { vmid: asVmid(250), node: pve1, name: "x", userData: "#cloud-config" };
  await world.clock.until(world.seeds.put(seed, signal));
  assert.deepEqual(
    (await world.clock.until(world.seeds.list(signal))).map((s) => [s.vmid, s.holdsContent]),
    [[250, true]],
  );
  await world.clock.until(world.seeds.remove(asVmid(250), pve1, signal));
  assert.deepEqual(await world.clock.until(world.seeds.list(signal)), []);
});

test("where the token may not delete, a blank is left and not tried again", async () => {
  const tokens = [{ id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555", deletesVolumes: false }];
  const world = lab({ world: { tokens } });
  await world.clock.until(
    world.seeds.put({ vmid: asVmid(250), node: pve1, name: "x", userData: "#cloud-config" }, signal),
  );
  await world.clock.until(world.seeds.remove(asVmid(250), pve1, signal));
  assert.equal(world.pve.tally().seeds, 0);
  assert.deepEqual(await world.clock.until(world.seeds.list(signal)), []);
});

test("a template that does not exist, is none, or has no cloud-init drive blocks its node with the reason", async () => {
  const cases: readonly [unknown, RegExp][] = [
    [{ vmid: 9000, name: "other", node: "pve1", template: true }, /template "base" does not exist on node pve1/],
    [{ vmid: 9000, name: "base", node: "pve1" }, /is not a template/],
    [{ vmid: 9000, name: "base", node: "pve1", template: true, cloudInitDrive: false }, /no cloud-init drive/],
  ];
  for (const [guest, why] of cases) {
    const world = lab({ world: { guests: [guest] } });
    const { blocks } = await world.clock.until(world.site.observe(signal));
    assert.match(blocks[0]?.why ?? "", why);
  }
});

test("of templates with one name the newest wins", async () => {
  const guests = [9000, 9005, 9003].map((vmid) => ({ vmid, name: "base", node: "pve1", template: true }));
  const world = lab({ world: { guests } });
  await cloned(world);
  assert.ok(world.records.some((r) => r.event === "pve" && r.path.endsWith("/qemu/9005/clone")));
});

test("after a lost answer to a clone that did happen the guest is found, not cloned again", async () => {
  let lost = false;
  const world = lab({
    faults: {
      before: (request) => {
        if (lost || !request.url.endsWith("/clone")) return null;
        lost = true;
        // The request is served all the same; only its answer never arrives.
        void world.pve.handler(request.clone());
        return new Response(null, { status: 596, statusText: "Broken pipe" });
      },
    },
  });
  const guest = await cloned(world);
  assert.equal(guest.vmid, 200);
  assert.deepEqual(
    world.changes().filter((c) => c.startsWith("clone")),
    ["clone 200"],
  );
});

test("after a lost answer to a clone that never happened the same clone is sent again", async () => {
  let refused = 0;
  const world = lab({
    faults: {
      before: (request) =>
        request.url.endsWith("/clone") && refused++ === 0
          ? new Response(null, { status: 595, statusText: "Connection refused" })
          : null,
    },
  });
  assert.equal((await cloned(world)).vmid, 200);
});

test("a start whose answer was lost is not sent a second time to a guest that came up", async () => {
  let lost = false;
  const world = lab({
    faults: {
      before: (request) => {
        if (lost || !request.url.endsWith("/status/start")) return null;
        lost = true;
        void world.pve.handler(request.clone());
        return new Response(null, { status: 596, statusText: "Broken pipe" });
      },
    },
  });
  await started(world);
  assert.deepEqual(
    world.changes().filter((c) => c.startsWith("start")),
    ["start 200"],
  );
});
