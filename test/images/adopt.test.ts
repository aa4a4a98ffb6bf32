import assert from "node:assert/strict";
import { test } from "node:test";
import { asVmid } from "../../src/domain/ids.ts";
import { adopt, sight } from "../../src/images/adopt.ts";
import { examine } from "../../src/images/examine.ts";
import { signal, Workbench } from "./workbench.ts";

const good = { cloudInitDrive: true, storage: "disks", diskMiB: 20_480, config: { serial0: "socket", ciupgrade: 0 } };

const worldOf = (guest: Record<string, unknown>): Workbench =>
  new Workbench({ guests: [{ vmid: 500, name: "mine", node: "pve1", ...good, ...guest }] });

const seenIn = (world: Workbench) => world.clock.until(sight(world.shop(), asVmid(500), signal));

const lacksOf = async (guest: Record<string, unknown>): Promise<readonly string[]> =>
  examine((await seenIn(worldOf(guest))).candidate).map(({ level, what }) => `${level}: ${what}`);

test("a guest that has all is only asked to be looked into", async () => {
  assert.deepEqual(await lacksOf({}), ["advised: nobody has looked inside of it"]);
});

test("everything that a guest lacks is told at once", async () => {
  const config = {
    agent: "0",
    ostype: "other",
    scsihw: "lsi",
    cipassword: "secret",
    onboot: 1,
    protection: 1,
    args: "-x",
  };
  const told = [
    ...(await lacksOf({ cloudInitDrive: false, diskMiB: 4096, config })),
    ...(await lacksOf({ config: { serial0: "socket" } })),
  ].join("\n");
  for (const part of [
    /needed: it has no cloud-init drive/,
    /needed: the guest agent is switched off/,
    /needed: its disks hang on lsi/,
    /needed: nobody knows its operating system/,
    /needed: it has the option args/,
    /advised: its boot disk has 4 GiB/,
    /advised: it has no serial console/,
    /advised: it is protected/,
    /advised: .* its clones upgrade all packages/,
    /advised: it starts with its node/,
    /advised: cloud-init's cipassword is set/,
  ]) {
    assert.match(told, part);
  }
});

test("a stopped guest becomes a template and the first, promoted generation; nothing else of it changes", async () => {
  const world = worldOf({ description: "Jane's.\nrunner version 2.335.1" });
  const before = { ...Object.fromEntries(world.pve.state.guests.get(500)?.config ?? []) };
  const seen = await seenIn(world);
  assert.equal(seen.runnerVersion, "2.335.1");
  const adoption = { family: "own", runnerVersion: seen.runnerVersion, promote: false };
  const marker = await world.clock.until(adopt(world.shop(), seen, adoption, signal));
  assert.deepEqual([marker.generation, marker.promoted !== null, marker.system], [1, true, "linux"]);
  const after = { ...Object.fromEntries(world.pve.state.guests.get(500)?.config ?? []) };
  assert.equal(after.template, 1);
  assert.match(String(after.description), /Jane's\./);
  const changed = Object.keys(after).filter((key) => after[key] !== before[key]);
  assert.deepEqual(changed.sort(), ["description", "scsi0", "template"], "PVE renames a template's disk");
  await assert.rejects(seenIn(world), /it is own, generation 1, already/);
});

test("what was changed since it was looked at is not taken", async () => {
  const world = worldOf({});
  const seen = await seenIn(world);
  world.pve.state.guests.get(500)?.config.set("cores", 7);
  const adoption = { family: "own", runnerVersion: null, promote: false };
  await assert.rejects(world.clock.until(adopt(world.shop(), seen, adoption, signal)), /changed it meanwhile/);
  assert.equal(world.pve.state.guests.get(500)?.config.get("template"), undefined);
});
