import assert from "node:assert/strict";
import { test } from "node:test";
import { asGuestName, asNodeName } from "../../src/domain/ids.ts";
import type { GuestRef } from "../../src/domain/pool.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { GuestSystem } from "../../src/emulator/machine.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const signal = new AbortController().signal;
const path = "/run/dispatcher/state";

/** Running guests with one file each; PVE's answers to its reading are counted. */
async function running(system: Partial<GuestSystem> = {}, nonces: readonly string[] = ["aaaaaaaaaa"]) {
  const reads: number[] = [];
  let refuses = false;
  const world = lab({
    boot: () => ({
      agentAnswers: () => true,
      readFile: async (file) => (file === path ? new TextEncoder().encode("listening\n") : null),
      writeFile: async () => false,
      ...system,
    }),
    faults: {
      before(request) {
        if (!request.url.includes("/agent/")) return null;
        reads.push(world.clock.now());
        if (!refuses) return null;
        const statusText = "Permission check failed (/vms/200, VM.GuestAgent.FileRead)";
        return new Response('{"data":null}', { status: 403, statusText });
      },
    },
  });
  const { site, clock, spec } = world;
  await clock.until(site.observe(signal));
  const guests: GuestRef[] = [];
  for (const nonce of nonces) {
    const marker = markerOf({ nonce, phase: "cloning", created: clock.now() });
    const cloning = await clock.until(site.clone({ spec, node: asNodeName("pve1"), marker }, signal));
    await clock.until(cloning.done);
    await clock.until(site.configure(cloning.guest, spec, signal));
    await clock.until(site.start(cloning.guest, signal));
    guests.push(cloning.guest);
  }
  const read = (guest: GuestRef, file = path): Promise<string | null> =>
    clock.until(site.readFile(guest, file, signal));
  const [guest] = guests;
  assert.ok(guest);
  const refuse = (now: boolean): void => {
    refuses = now;
  };
  return { ...world, guest, guests, read, reads, refuse };
}

test("a file of a running guest is read through its agent", async () => {
  const { guest, read } = await running();
  assert.equal(await read(guest), "listening\n");
});

test("an agent is not called in a guest of another name, which may be somebody else's", async () => {
  const { guest, reads, site, clock } = await running();
  const stranger: GuestRef = { ...guest, name: asGuestName("runner-bbbbbbbbbb") };
  assert.equal(await clock.until(site.agent(stranger, signal)), "unknown");
  assert.equal(reads.length, 0);
  assert.equal(await clock.until(site.agent(guest, signal)), "answers");
  assert.equal(reads.length, 1);
});

test("a file that is not there is unknown, and so is one that is too long for any state", async () => {
  const { guest, read } = await running();
  assert.equal(await read(guest, "/run/other"), null);
  const long = await running({ readFile: async () => new Uint8Array(70_000).fill(65) });
  assert.equal(await long.read(long.guest), null);
});

test("bytes that are no text come as they can, and break nothing", async () => {
  const { guest, read } = await running({ readFile: async () => Uint8Array.from([0xff, 0x1b, 0x00]) });
  assert.equal(await read(guest), "\ufffd\u001b\u0000");
});

test("a silent agent, and a guest that is off or gone, are unknown", async () => {
  const silent = await running({ agentAnswers: () => false });
  assert.equal(await silent.read(silent.guest), null);
  const { guest, read, site, clock } = await running();
  await clock.until(site.stopAndDestroy(guest, signal));
  assert.equal(await read(guest), null);
});

test("a guest of another name on the VMID is not read", async () => {
  const { guest, read, reads } = await running();
  assert.equal(await read({ ...guest, name: asGuestName("runner-bbbbbbbbbb") }), null);
  assert.deepEqual(reads, []);
});

test("without the privilege a file is unknown, and asked for again only after ten minutes", async () => {
  const { guest, read, reads, refuse, clock } = await running();
  refuse(true);
  assert.equal(await read(guest), null);
  refuse(false);
  await clock.pass(9 * MINUTE);
  assert.equal(await read(guest), null);
  assert.equal(reads.length, 1);
  await clock.pass(MINUTE);
  assert.equal(await read(guest), "listening\n");
});

test("one guest per node is asked at a time, since each silence holds a worker for three seconds", async () => {
  const nonces = ["aaaaaaaaaa", "bbbbbbbbbb", "cccccccccc"];
  const { guests, site, clock, reads } = await running({ agentAnswers: () => false }, nonces);
  const [first, second, third] = guests;
  assert.ok(first && second && third);
  await clock.until(
    Promise.all([site.readFile(first, path, signal), site.agent(second, signal), site.readFile(third, path, signal)]),
  );
  const gaps = reads.slice(1).map((at, i) => at - (reads[i] ?? 0));
  assert.equal(reads.length, 3);
  assert.ok(Math.min(...gaps) >= 3 * SECOND, gaps.join());
});
