import assert from "node:assert/strict";
import { test } from "node:test";
import { asStorageName, asVmid } from "../../src/domain/ids.ts";
import { checkBuild } from "../../src/images/check.ts";
import { buildUserData } from "../../src/images/recipe.ts";
import { checksumIn, publishedImages } from "../../src/images/sources.ts";
import { imageFiles, orderOf, runner, signal, Workbench } from "./workbench.ts";

test("a cloud image becomes a template of the next generation, and nothing else stays", async () => {
  const world = new Workbench();
  const first = await world.build(world.shop());
  assert.deepEqual([first.vmid, first.marker.generation, first.marker.promoted !== null], [9000, 1, true]);
  assert.match(world.state().join("\n"), /guest 9000 .*; ciupgrade: 0;/, "its clones upgrade nothing before their job");
  const second = await world.build(world.shop());
  assert.deepEqual([second.vmid, second.marker.generation, second.marker.promoted], [9001, 2, null]);
  const third = await world.build(world.shop(), orderOf({ promote: true }));
  assert.notEqual(third.marker.promoted, null);
  assert.deepEqual(
    world.state().filter((line) => /iso|import|unused/.test(line)),
    [],
  );
});

test("an image of one's own is uploaded, and its checksum compared", async () => {
  const bytes = Buffer.from("QFI\u00fb and a disk");
  const image = (value: string) =>
    ({ kind: "file", name: "own.qcow2", checksum: { algorithm: "sha256", value }, read: async () => bytes }) as const;
  const world = new Workbench();
  const before = world.state();
  const wrong = world.build(world.shop(), orderOf({ image: image("00".repeat(32)) }));
  await assert.rejects(wrong, /checksum mismatch/);
  assert.deepEqual(world.state(), before);
  const { createHash } = await import("node:crypto");
  const built = await world.build(
    world.shop(),
    orderOf({ image: image(createHash("sha256").update(bytes).digest("hex")) }),
  );
  assert.deepEqual([built.marker.source.kind, built.marker.generation], ["file", 1]);
});

test("a guest that cannot be customised says why, and nothing of it stays", async () => {
  const files = new Map([...imageFiles].filter(([name]) => name !== "run-once"));
  const userData = buildUserData({
    family: "debian-13",
    files,
    runner,
    packages: [],
    docker: true,
    runnerUser: "runner",
    proxy: null,
  });
  const world = new Workbench();
  const before = world.state();
  await assert.rejects(world.build(world.shop(), orderOf({ userData })), /failed: there is no run-once/);
  assert.deepEqual(world.state(), before);
});

test("what failed can be kept, and the next build removes it", async () => {
  const world = new Workbench();
  const shop = world.shop();
  const userData = "#cloud-config\n{}\n";
  await assert.rejects(world.build(shop, orderOf({ userData, keep: true })), /failed: there is no install\.sh/);
  assert.match(world.description(9000), /Dispatcher is building a template/);
  const next = await world.build(world.shop({ dead: [shop.holder] }), orderOf({ inputs: "others" }));
  assert.equal(next.vmid, 9000);
});

test("a build of another machine is taken over only when it should have been over long ago", async () => {
  const world = new Workbench();
  await assert.rejects(world.build(world.shop(), orderOf({ userData: "#cloud-config\n{}\n", keep: true })));
  await assert.rejects(world.build(world.shop()), /is at it/);
  await world.clock.pass(70 * 60_000);
  assert.equal((await world.build(world.shop(), orderOf({ inputs: "others" }))).marker.generation, 1);
});

test("a build that takes too long is given up and removed", async () => {
  const world = new Workbench();
  const before = world.state();
  await assert.rejects(world.build(world.shop(), orderOf({ patience: 30_000 })), /not done in time/);
  assert.deepEqual(world.state(), before);
});

test("all that keeps a build from its end is told at once, and nothing is changed", async () => {
  const world = new Workbench({
    storages: [
      { name: "local", content: ["iso"] },
      { name: "disks", content: ["images"] },
    ],
    tokens: [
      {
        id: "dispatcher@pve!lab",
        secret: "11111111-2222-3333-4444-555555555555",
        privileges: [{ path: "/storage", privileges: ["Datastore.Audit"] }],
      },
    ],
  });
  const before = world.state();
  const range = { templates: { first: asVmid(250), last: asVmid(9000) }, runners: orderOf().range.runners };
  const order = orderOf({ range, storages: { ...orderOf().storages, disks: asStorageName("none") } });
  const problems = await world.clock.until(checkBuild(world.shop(), order, signal));
  const told = problems.map(({ what }) => what).join("\n");
  for (const part of [
    /250-9000 overlap with 200-299/,
    /no storage none/,
    /storage local takes no images to import/,
    /VM\.Allocate, .*VM\.GuestAgent\.FileRead or VM\.GuestAgent\.Unrestricted is missing on \/vms\/250/,
    /Datastore\.AllocateTemplate, Datastore\.Allocate is missing on \/storage\/local/,
    /SDN\.Use is missing on \/sdn\/zones\/localnetwork\/vmbr0/,
    /Sys\.AccessNetwork is missing on \/nodes\/pve1/,
  ]) {
    assert.match(told, part);
  }
  assert.ok(problems.every(({ remedy }) => remedy.length > 10));
  assert.deepEqual(world.state(), before);
});

test("with every privilege there is nothing to say", async () => {
  const world = new Workbench();
  assert.deepEqual(await world.clock.until(checkBuild(world.shop(), orderOf(), signal)), []);
});

test("the publisher's list tells the image's checksum", () => {
  const value = "ab".repeat(64);
  const list = `${"00".repeat(64)}  debian-13-nocloud-amd64.qcow2\n${value}  debian-13-generic-amd64.qcow2\n`;
  assert.deepEqual(checksumIn(list, publishedImages["debian-13"]), { algorithm: "sha512", value });
  assert.throws(() => checksumIn("", publishedImages["ubuntu-2404"]), /SHA256SUMS does not list it/);
});
