import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { test } from "node:test";
import { gunzipSync, gzipSync } from "node:zlib";
import { prepended } from "../../src/bootstrap/archive.ts";
import type { InsideFile } from "../../src/bootstrap/shell.ts";
import { readContainerWish } from "../../src/bootstrap/wish.ts";
import { Secret } from "../../src/domain/secret.ts";
import { stage, wishOf } from "./stage.ts";

const vztmpl = "local:vztmpl/debian-13-standard_13.1-2_amd64.tar.zst";

test("PVE fetches the newest Debian 13 that it offers", async (t) => {
  const { run, pve, told } = await stage(t);
  await run();
  assert.ok(told.includes(`fetch       template ${vztmpl}, from the node's list`), told.join("\n"));
  assert.ok(pve.state.volumes.get(vztmpl));
});

test("one that is there is taken, and stays after the uninstallation", async (t) => {
  const volumes = [{ storage: "local", name: "vztmpl/debian-13-standard_13.0-1_amd64.tar.zst", size: 5 }];
  const { run, remove, whole, told } = await stage(t, { volumes });
  const before = whole();
  await run();
  assert.ok(told.some((line) => line.startsWith("is there    template local:vztmpl/debian-13-standard_13.0-1")));
  await remove();
  assert.deepEqual(whole(), before);
});

test("what the node neither offers nor may fetch is fetched here, and uploaded", async (t) => {
  const { run, faults, pve, told } = await stage(t, { appliances: [] });
  faults.refuse = ({ url }) =>
    url.endsWith("/download-url")
      ? Response.json({ data: null }, { status: 403, statusText: "Permission check failed" })
      : null;
  await run();
  assert.equal(pve.state.volumes.get(vztmpl)?.origin, "uploaded", told.join("\n"));
  assert.ok(told.some((line) => /Permission check failed.*trying another way/.test(line)));
});

test("CT_TEMPLATE_URL wins over what the node offers", async (t) => {
  const { run, pve } = await stage(t);
  const { container } = wishOf({ CT_TEMPLATE_URL: "https://mirror.example/own-debian.tar.zst" });
  await run({ container });
  assert.ok(pve.state.volumes.get("local:vztmpl/own-debian.tar.zst"));
});

for (const [name, value, expected] of [
  ["CT_TEMPLATE", "debian-12-standard_12.7-1_amd64.tar.zst", /older than Debian 13: its nodejs is 18/],
  ["CT_TEMPLATE_URL", "https://x.example/debian-12-standard.tar.zst", /older than Debian 13/],
  ["CT_ID", "7", /7 is too small/],
  ["CT_NET", "somewhere", /neither dhcp nor an address/],
  ["CT_HOSTNAME", "a_b", /is no host name/],
] as const) {
  test(`${name}=${value} is refused with the reason`, () => {
    const read = readContainerWish({ [name]: value });
    assert.ok(!read.ok);
    assert.match(read.problems.join(), expected);
  });
}

test("the old environment and its defaults give the old container", () => {
  const read = readContainerWish({});
  assert.deepEqual(read.ok && read.value, {
    vmid: null,
    hostname: "dispatcher-1",
    storage: "local-lvm",
    bridge: "vmbr0",
    cores: 1,
    memory: 512,
    swap: 0,
    disk: 4,
    net: "ip=dhcp",
    templates: "local",
    template: null,
    templateUrl: null,
    service: "dispatcher",
    folder: "/opt/dispatcher",
  });
});

test("an own archive carries the configuration in, and is emptied and deleted afterwards", async (t) => {
  const { run, pve, changes, whole, remove } = await stage(t);
  const before = whole();
  const archive = { name: "dispatcher-rootfs.tar.gz", bytes: randomBytes(5_000), sha256: "3".repeat(64) };
  const way = { kind: "rootfs", archive } as const;
  assert.equal(await run({ way }), "done");
  assert.equal(pve.state.containers.size, 1);
  assert.equal(changes.filter((change) => change.endsWith("/upload")).length, 2);
  assert.equal(pve.state.volumes.get("local:vztmpl/dispatcher-rootfs.tar.gz"), undefined);
  assert.equal(await run({ way }), "nothing to do");
  await remove({ way });
  assert.deepEqual(whole(), before);
});

test("files in front of an archive are a tar of their own", () => {
  const file = { path: "/etc/dispatcher/x", content: new Secret("hidden"), mode: "600", owner: "root:root" };
  const tar = gunzipSync(prepended(gzipSync(Buffer.from("rest")), [file]));
  assert.equal(tar.subarray(0, 19).toString(), "./etc/dispatcher/x\0");
  assert.equal(tar.subarray(512, 518).toString(), "hidden");
  assert.equal(tar.subarray(1024).toString(), "rest");
});

test("what a group of the container's may read is everyone's in an archive, where the group has no number yet", () => {
  const modeOf = (file: InsideFile): string =>
    gunzipSync(prepended(gzipSync(""), [file]))
      .subarray(100, 107)
      .toString();
  const content = Buffer.from("open");
  assert.equal(modeOf({ path: "/etc/dispatcher/x", content, mode: "640", owner: "root:dispatcher" }), "0000644");
  assert.equal(modeOf({ path: "/etc/dispatcher/y", content, mode: "600", owner: "root:root" }), "0000600");
});

test("a container that another key has signed is left alone, with the way out", async (t) => {
  const { run, record, pve } = await stage(t);
  await run();
  record.remove();
  await assert.rejects(run({ access: null, tokenSecret: new Secret("another") }), /another key has signed it/);
  assert.equal(pve.state.containers.size, 1);
});
