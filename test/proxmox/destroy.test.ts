import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asNodeName } from "../../src/domain/ids.ts";
import type { GuestRef } from "../../src/domain/pool.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();
const pve1 = asNodeName("pve1");
type Lab = ReturnType<typeof lab>;

/** A lab whose requests are told to `meet` before PVE has them; what it answers is PVE's answer. */
function watched(meet: (request: Request) => Response | null): Lab {
  return lab({ faults: { before: (request) => meet(request) } });
}

async function cloned({ site, clock, spec }: Lab): Promise<GuestRef> {
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  const { guest, done } = await clock.until(site.clone({ spec, node: pve1, marker }, signal));
  await clock.until(done);
  return guest;
}

test("a guest that PVE is silent about is not taken for gone", async () => {
  let silent = false;
  const world = watched((request) =>
    silent && request.url.endsWith("/qemu/200/config")
      ? new Response(null, { status: 595, statusText: "No route to host" })
      : null,
  );
  const guest = await cloned(world);
  silent = true;
  await assert.rejects(world.clock.until(world.site.destroy(guest, signal)), (e) => hasCode(e, "unavailable"));
  assert.ok(world.pve.state.guests.has(guest.vmid));
});

test("nothing is even asked of PVE that would change a guest which somebody has locked", async () => {
  const changes: string[] = [];
  const world = watched((request) => {
    if (request.method !== "GET") changes.push(`${request.method} ${new URL(request.url).pathname}`);
    return null;
  });
  const guest = await cloned(world);
  world.pve.state.guests.get(guest.vmid)?.config.set("lock", "backup");
  changes.length = 0;
  await assert.rejects(world.clock.until(world.site.destroy(guest, signal)), (e) => hasCode(e, "locked"));
  assert.deepEqual(changes, []);
});

test("what a person writes right after our proof was read is kept", async () => {
  let step: "before" | "read" | "written" = "written";
  const world: Lab = watched((request) => {
    const config = world.pve.state.guests.get(200)?.config;
    if (step === "read") {
      config?.set("description", `${config.get("description")}\nAnn looks at this one`);
      step = "written";
    }
    if (step === "before" && request.method === "GET" && request.url.endsWith("/qemu/200/config")) step = "read";
    return null;
  });
  const guest = await cloned(world);
  step = "before";
  await world.clock.until(world.site.configure(guest, world.spec, signal));
  assert.equal(step, "written");
  const { values } = await world.clock.until(world.client.config(pve1, guest.vmid, signal));
  assert.match(values.description ?? "", /"phase":"cloned"[\s\S]*Ann looks at this one/);
});
