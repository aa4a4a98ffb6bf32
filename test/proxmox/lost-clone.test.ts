import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asVmid } from "../../src/domain/ids.ts";
import { describe } from "../../src/domain/marker.ts";
import type { GuestRef } from "../../src/domain/pool.ts";
import { SECOND } from "../../src/domain/time.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();
type Lab = ReturnType<typeof lab>;

async function cloned({ site, clock, spec }: Lab): Promise<GuestRef> {
  await clock.until(site.observe(signal));
  const marker = markerOf({ nonce: "abcdefghij", phase: "cloning", created: clock.now() });
  const { guest, done } = await clock.until(site.clone({ spec, node: asNodeName("pve1"), marker }, signal));
  await clock.until(done);
  return guest;
}

test("a clone whose answer is lost, and which PVE begins seconds later, is sent once", async () => {
  let sent = 0;
  let arrives = false;
  const world: Lab = lab({
    faults: {
      before: (request) => {
        if (!request.url.endsWith("/clone") || arrives) return null;
        sent += 1;
        if (sent > 1) return null;
        const late = request.clone();
        void world.clock.sleep(3 * SECOND, signal).then(() => {
          arrives = true;
          return world.pve.handler(late);
        });
        return new Response(null, { status: 596, statusText: "Broken pipe" });
      },
    },
  });
  const guest = await cloned(world);
  assert.equal(sent, 1);
  assert.equal(world.pve.state.guests.get(guest.vmid)?.config.get("name"), guest.name);
});

test("a clone whose answer is lost, and whose VMID somebody else of ours has got, goes to the next VMID", async () => {
  const other = { nonce: "zzzzzzzzzz", name: "runner-zzzzzzzzzz" };
  let met = false;
  const world: Lab = lab({
    faults: {
      before: (request) => {
        if (!request.url.endsWith("/clone") || met) return null;
        met = true;
        const theirs = markerOf({ nonce: other.nonce, phase: "cloning", created: world.clock.now() });
        const description = describe(theirs, asVmid(200), world.signer);
        const form = new URLSearchParams({ newid: "200", name: other.name, description });
        const headers = { ...Object.fromEntries(request.headers), "content-type": "application/x-www-form-urlencoded" };
        void world.pve.handler(new Request(request.url, { method: "POST", headers, body: form.toString() }));
        return new Response(null, { status: 596, statusText: "Broken pipe" });
      },
    },
  });
  const guest = await cloned(world);
  assert.equal(guest.vmid, 201);
  assert.deepEqual(
    [200, 201].map((vmid) => world.pve.state.guests.get(vmid)?.config.get("name")),
    [other.name, guest.name],
  );
});
