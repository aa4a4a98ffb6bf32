import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { asGuestName, asNodeName } from "../../src/domain/ids.ts";
import type { GuestRef } from "../../src/domain/pool.ts";
import { Secret } from "../../src/domain/secret.ts";
import { SECOND } from "../../src/domain/time.ts";
import type { GuestSystem } from "../../src/emulator/machine.ts";
import { markerOf } from "../fixtures.ts";
import { lab } from "../lab.ts";

const { signal } = new AbortController();
const path = "/run/dispatcher/credential";
const begun = { from: "cloned", to: "started" } as const;
const given = { from: "started", to: "armed" } as const;

/** A guest of ours that was started without a secret, and what its agent was told. */
async function unarmed(system: Partial<GuestSystem> = {}) {
  const written = new Map<string, string>();
  /** Whether PVE does what it is asked and its answer is lost. */
  let loses: (request: Request) => boolean = () => false;
  const lose = (which: typeof loses): void => {
    loses = which;
  };
  let inside = false;
  const world = lab({
    boot: () => ({
      agentAnswers: () => true,
      readFile: async (file) => (file === "/run/dispatcher/waiting" ? new Uint8Array() : null),
      writeFile: async (file, bytes) => {
        written.set(file, Buffer.from(bytes).toString("utf8"));
        return true;
      },
      ...system,
    }),
    faults: {
      async before(request) {
        if (inside || !loses(request)) return null;
        inside = true;
        await world.pve.handler(request.clone());
        inside = false;
        return new Response(null, { status: 596 });
      },
    },
  });
  const { site, clock, spec } = world;
  const until = <T>(work: Promise<T>): Promise<T> => clock.until(work);
  await until(site.observe(signal));
  const marker = markerOf({ phase: "cloning", created: clock.now() });
  const cloning = await until(site.clone({ spec, node: asNodeName("pve1"), marker }, signal));
  await until(cloning.done);
  const { guest } = cloning;
  await until(site.configure(guest, spec, signal));
  await until(site.advance(guest, begun, signal));
  await until(site.start(guest, signal));
  const phase = async (): Promise<string | undefined> =>
    (await until(site.observe(signal, { seeds: true }))).guests.find(({ vmid }) => vmid === guest.vmid)?.marker.phase;
  const write = (which: GuestRef = guest, content = "kind=jit\n"): Promise<void> =>
    until(site.writeFile(which, path, new Secret(content), signal));
  return { ...world, guest, written, until, phase, write, lose };
}

test("a guest is marked before it is started without a secret, and its cloud-init drive stays", async () => {
  const { phase, client, guest, until } = await unarmed();
  assert.equal(await phase(), "started");
  const { values } = await until(client.config(asNodeName("pve1"), guest.vmid, signal));
  assert.match(values.ide2 ?? "", /cloudinit/);
});

test("a phase is written only after the one before it", async () => {
  const { site, guest, until, phase } = await unarmed();
  await assert.rejects(until(site.advance(guest, begun, signal)), /mark 200 .* started: it is started, not cloned/);
  await until(site.advance(guest, given, signal));
  await assert.rejects(until(site.advance(guest, given, signal)), (error) => hasCode(error, "conflict"));
  assert.equal(await phase(), "armed");
});

test("a phase whose answer was lost is looked at, and taken for written where it stands there", async () => {
  const { site, guest, until, phase, lose } = await unarmed();
  let lost = 0;
  lose(({ method }) => method === "PUT" && lost++ === 0);
  await until(site.advance(guest, given, signal));
  assert.deepEqual([lost, await phase()], [1, "armed"]);
});

test("a secret is written whole into an armed guest, whatever letters it has", async () => {
  const { site, guest, until, write, written } = await unarmed();
  await until(site.advance(guest, given, signal));
  await write(guest, "credential=äß€\n");
  assert.equal(written.get(path), "credential=äß€\n");
});

test("a guest that is not marked for it, of another name, or not ours any more gets no secret", async () => {
  const { site, guest, until, write, written, client } = await unarmed();
  await assert.rejects(write(), /write \/run\/dispatcher\/credential in 200 .*: it is started/);
  await until(site.advance(guest, given, signal));
  await assert.rejects(write({ ...guest, name: asGuestName("runner-bbbbbbbbbb") }), (e) => hasCode(e, "not_ours"));
  await until(client.putConfig(asNodeName("pve1"), guest.vmid, { set: { description: "mine" }, digest: null }, signal));
  await assert.rejects(write(), (error) => hasCode(error, "not_ours"));
  assert.equal(written.size, 0);
});

test("a secret that is too long for PVE is refused before anything is sent", async () => {
  const { site, guest, until, write, written } = await unarmed();
  await until(site.advance(guest, given, signal));
  await assert.rejects(write(guest, "x".repeat(46_081)), /46081 bytes are more than the 46080/);
  assert.equal(written.size, 0);
});

test("a secret whose writing was not answered is not written again, and no message shows it", async () => {
  const { site, guest, until, write, lose } = await unarmed();
  await until(site.advance(guest, given, signal));
  let sent = 0;
  lose(({ url }) => url.includes("file-write") && ++sent > 0);
  await assert.rejects(write(guest, "credential=s3cr3t\n"), (error) => {
    assert.ok(hasCode(error, "lost_answer"));
    assert.doesNotMatch(`${error.message} ${JSON.stringify(error)}`, /s3cr3t|czNjcjN0/);
    return true;
  });
  assert.equal(sent, 1);
});

test("a folder that is not there, and an agent that fell silent, leave a secret unwritten for certain", async () => {
  for (const system of [{ writeFile: async () => false }, { agentAnswers: () => false }]) {
    const { site, guest, until, write } = await unarmed(system);
    await until(site.advance(guest, given, signal));
    await assert.rejects(write(), (error) => !hasCode(error, "lost_answer", "timeout"));
  }
});

test("an agent tells whether a file is there, is not there, or tells nothing", async () => {
  const there = await unarmed();
  const ask = (file: string) => there.until(there.site.hasFile(there.guest, file, signal));
  assert.equal(await ask("/run/dispatcher/waiting"), "there");
  assert.equal(await ask("/run/dispatcher/state"), "answers");
  const stranger = { ...there.guest, name: asGuestName("runner-bbbbbbbbbb") };
  assert.equal(await there.until(there.site.hasFile(stranger, "/run/dispatcher/waiting", signal)), "unknown");
  const silent = await unarmed({ agentAnswers: () => false });
  assert.equal(await silent.until(silent.site.hasFile(silent.guest, "/run/dispatcher/waiting", signal)), "silent");
});

test("a stop that rests on a phase is not sent when the guest was armed meanwhile", async () => {
  const { site, guest, until, changes } = await unarmed();
  await until(site.advance(guest, given, signal));
  const before = changes().length;
  await assert.rejects(until(site.stopAndDestroy(guest, signal, "started")), /it is armed by now, not started/);
  assert.equal(changes().length, before);
});

test("an unarmed guest is stopped and removed by the proof of its phase", async () => {
  const { site, guest, until, clock } = await unarmed();
  await until(site.stopAndDestroy(guest, signal, "started"));
  await clock.pass(SECOND);
  assert.equal(await until(site.isFree(guest.vmid, signal)), "free");
});

for (const [ostype, os] of [
  ["l26", "linux"],
  ["win11", "windows"],
  ["w2k8", "windows"],
] as const) {
  test(`a guest of type ${ostype} has the files of ${os}`, async () => {
    const template = { vmid: 9000, name: "base", node: "pve1", template: true, config: { ostype } };
    const world = lab({ world: { guests: [template] } });
    const { site, clock, spec } = world;
    await clock.until(site.observe(signal));
    const marker = markerOf({ phase: "cloning", created: clock.now() });
    const cloning = await clock.until(site.clone({ spec, node: asNodeName("pve1"), marker }, signal));
    await clock.until(cloning.done);
    assert.equal((await clock.until(site.observe(signal))).guests[0]?.os, os);
  });
}
