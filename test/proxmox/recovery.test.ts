import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asGuestName, asInstanceName, asNodeName, asVmid } from "../../src/domain/ids.ts";
import type { GuestRef } from "../../src/domain/pool.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import { Journal, type JournalFile } from "../../src/engine/journal.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";
import { restarted } from "./restarted.ts";

const signal = new AbortController().signal;
const pve1 = asNodeName("pve1");
type Lab = ReturnType<typeof lab>;

async function begun({ site, clock, spec }: Lab) {
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  return clock.until(site.clone({ spec, node: pve1, marker }, signal));
}

async function cloned(world: Lab): Promise<GuestRef> {
  const { guest, done } = await begun(world);
  await world.clock.until(done);
  return guest;
}

test("a clone that has not ended after a quarter of an hour is aborted, and nothing of it is left", async () => {
  const world = lab({ world: { durations: { clone: 20 * MINUTE } } });
  const { guest, done } = await begun(world);
  await assert.rejects(world.clock.until(done), (e) => hasCode(e, "timeout"));
  assert.equal(await world.clock.until(world.site.isFree(guest.vmid, signal)), "free");
});

test("a clone call from just before a crash keeps its VMID's place for ten seconds, though no guest is there yet", async () => {
  const world = lab();
  let text = "";
  const file: JournalFile = {
    read: () => text,
    append(more) {
      text += more;
    },
    replace(all) {
      text = all;
    },
  };
  const journal = new Journal({ file, instance: asInstanceName("lab"), clock: world.clock, onTrouble: () => {} });
  void journal.guest(
    "clone",
    { vmid: asVmid(200), name: asGuestName("runner-abcdefghij") },
    () => new Promise(() => {}),
  );
  const site = restarted(world, text);
  const hidden = (await world.clock.until(site.observe(signal))).hidden.map(({ vmid }) => vmid);
  assert.deepEqual(hidden, [200]);
  await world.clock.pass(11 * SECOND);
  assert.deepEqual((await world.clock.until(site.observe(signal))).hidden, []);
});

test("with neither memory nor journal every guest is found at its stage", async () => {
  const world = lab();
  const guest = await cloned(world);
  await world.clock.until(world.site.configure(guest, world.spec, signal));
  await world.clock.pass(20 * SECOND);
  const { guests } = await world.clock.until(restarted(world, null).observe(signal));
  assert.deepEqual(
    guests.map(({ vmid, name, power, marker }) => [vmid, name, power, marker.phase]),
    [[guest.vmid, guest.name, "stopped", "cloned"]],
  );
});

test("a guest that somebody is just starting is not destroyed as if it were off", async () => {
  const world = lab({ world: { durations: { start: 20 * SECOND } } });
  const guest = await cloned(world);
  await world.clock.until(world.client.start(pve1, guest.vmid, signal));
  await assert.rejects(
    world.clock.until(world.site.destroy(guest, signal)),
    (e) => hasCode(e, "conflict") && /qmstart is at work on it/.test(e.message),
  );
});

/** The first removal meets this. */
const atRemoval = (answer: (request: Request, world: () => Lab) => Response | null): Lab => {
  let met = false;
  const world: Lab = lab({
    faults: {
      before: (request) => {
        if (met || request.method !== "DELETE") return null;
        met = true;
        return answer(request, () => world);
      },
    },
  });
  return world;
};
const broken = (): Response => new Response(null, { status: 596, statusText: "Broken pipe" });

test("a removal whose answer is lost is done when PVE says that the VMID is free", async () => {
  const world = atRemoval((request, of) => {
    void of().pve.handler(request.clone());
    return broken();
  });
  const guest = await cloned(world);
  await world.clock.until(world.site.destroy(guest, signal));
  assert.equal(await world.clock.until(world.site.isFree(guest.vmid, signal)), "free");
});

test("a removal that never reached PVE is not taken for done", async () => {
  const world = atRemoval(broken);
  const guest = await cloned(world);
  await assert.rejects(world.clock.until(world.site.destroy(guest, signal)), (e) => hasCode(e, "unavailable"));
  await world.clock.until(world.site.destroy(guest, signal));
  assert.equal(await world.clock.until(world.site.isFree(guest.vmid, signal)), "free");
});

test("what a person writes into a description between our look and our change is kept", async () => {
  let edited = false;
  const world: Lab = lab({
    faults: {
      before: (request) => {
        if (edited || request.method !== "PUT") return null;
        edited = true;
        const config = world.pve.state.guests.get(200)?.config;
        config?.set("description", `${config.get("description")}\nAnn looks at this one`);
        return null;
      },
    },
  });
  const guest = await cloned(world);
  await world.clock.until(world.site.configure(guest, world.spec, signal));
  assert.ok(edited);
  const { values } = await world.clock.until(world.client.config(pve1, guest.vmid, signal));
  assert.match(values.description ?? "", /"phase":"cloned"[\s\S]*Ann looks at this one/);
});

const confined = {
  resourcePools: ["runners"],
  tokens: [{ id: "dispatcher@pve!lab", secret: "11111111-2222-3333-4444-555555555555", confined: true }],
};

test("a VMID of a guest that is hidden from the token, on whatever node, is passed over", async () => {
  const guests = [
    { vmid: 9000, name: "base", node: "pve1", template: true },
    { vmid: 200, name: "database", node: "pve2" },
  ];
  const world = lab({
    world: { ...confined, nodes: [{ name: "pve1" }, { name: "pve2" }], guests },
    spec: { resourcePool: "runners" },
  });
  assert.equal((await cloned(world)).vmid, 201);
  assert.equal(world.pve.state.guests.get(200)?.config.get("name"), "database");
});

test("a VMID of a container is passed over", async () => {
  const world = lab({
    world: {
      storages: [{ name: "local", content: ["iso", "images", "rootdir", "vztmpl"] }],
      volumes: [{ storage: "local", name: "vztmpl/debian.tar.zst", size: 1_000 }],
    },
  });
  const form = { vmid: 200, ostemplate: "local:vztmpl/debian.tar.zst", storage: "local", unprivileged: 1 };
  await world.pve.handler(
    new Request("https://pve.test:8006/api2/json/nodes/pve1/lxc", {
      method: "POST",
      headers: {
        Authorization: "PVEAPIToken=dispatcher@pve!lab=11111111-2222-3333-4444-555555555555",
        "Content-Type": "application/json",
      },
      body: JSON.stringify(form),
    }),
  );
  await world.clock.pass(20 * SECOND);
  assert.ok(world.pve.state.containers.has(200));
  assert.equal((await cloned(world)).vmid, 201);
});

test("a clone that was never configured is removed, though it inherited its template's protection", async () => {
  const guests = [{ vmid: 9000, name: "base", node: "pve1", template: true, protection: true }];
  const world = lab({ world: { guests } });
  const { site, clock, spec, pve } = world;
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  const { guest, done } = await clock.until(site.clone({ spec, node: pve1, marker }, signal));
  await clock.until(done);
  assert.equal(pve.state.guests.get(guest.vmid)?.config.get("protection"), 1);
  await clock.until(site.destroy(guest, signal));
  assert.equal(pve.state.guests.has(guest.vmid), false);
});
