import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../../src/domain/secret.ts";
import { credentialFile } from "../../src/guest/credential-file.ts";
import { type SeedFiles, seedImage } from "../../src/guest/seed-image.ts";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { metaData, renderUserData } from "../../src/guest/user-data.ts";
import { RealGuest } from "./guest.ts";
import { RealStage, until } from "./stage.ts";
import { toolsMissing } from "./tools.ts";

/** What a guest does by itself when its runner cannot work: no dispatcher is there to clear up. */

const MINUTE = 60_000;
const patience = 8 * MINUTE;
const stage = new RealStage();
let lastVmid = 400;

describe("a real guest whose runner cannot work powers off and says why on its console", {
  skip: toolsMissing(),
}, () => {
  before(() => stage.open("pools: []\n"));
  after(() => stage.close());

  test("a registration token that GitHub refuses", async () => {
    const name = "wrong-token";
    const vmid = await clone("9000", name);
    await stage.upload(
      `${name}.iso`,
      seedImage(seed(name, { kind: "token", token: new Secret("AWRONGTOKENWRONGTOKENWRONGTOK") })),
    );
    await stage.call("PUT", `/nodes/pve1/qemu/${vmid}/config`, { ide2: `local:iso/${name}.iso,media=cdrom` });
    const began = Date.now();
    await start(vmid);
    await new RealGuest(stage, vmid).isOff(patience);
    assert.match(stage.console(name), /dispatcher: the runner could not register .*Not Found/);
    tell(name, "from its start to its power-off", began);
  });

  test("no network; and a credential without its second file starts nothing", async () => {
    const name = "dead-network";
    const vmid = await clone("9001", name);
    const guest = await booted(vmid, name);
    await guest.write("/run/dispatcher/credential", credentialFile(values(name, jit(name))).reveal());
    await sleep(10_000);
    assert.equal(await guest.read("/run/dispatcher/state"), null, "a half-written arming starts nothing");
    assert.match(await guest.run(["/usr/bin/systemctl", "is-active", "dispatcher-runner.service"]), /inactive/);
    const began = Date.now();
    await guest.write("/run/dispatcher/ready", "");
    await guest.isOff(patience);
    assert.match(stage.console(name), /dispatcher: http:\/\/127\.0\.0\.1:\d+\/octo\/demo cannot be reached/);
    tell(name, "from its arming to its power-off", began);
  });

  test("a runner that hangs until its time is over; before, a seed reads back, and what is hidden is found", async () => {
    const name = "hung-runner";
    const vmid = await clone("9000", name);
    const guest = await booted(vmid, name);
    await readBack(guest, name);
    await plantAndFind(guest, name);
    await guest.write("/run/runner-hangs", "");
    const secret = credentialFile(values(name, jit(name)))
      .reveal()
      .replace(/^seconds=.*$/m, "seconds=90");
    await guest.write("/run/dispatcher/credential", secret);
    const began = Date.now();
    await guest.write("/run/dispatcher/ready", "");
    await guest.stateIs(/^listening/, 80_000);
    await guest.isOff(patience);
    assert.match(stage.console(name), /dispatcher: time ran out: 90 seconds/);
    tell(name, "from its arming to its power-off", began);
  });
});

/** The seed that is put into the drive of a guest that runs, mounted by the guest's own kernel. */
async function readBack(guest: RealGuest, name: string): Promise<void> {
  const files = seed(name, jit(name));
  await stage.upload(`${name}.iso`, seedImage(files));
  await stage.call("PUT", `/nodes/pve1/qemu/${guest.vmid}/config`, { ide2: `local:iso/${name}.iso,media=cdrom` });
  // PVE's own drive was in it before.
  const mount = `for _ in {1..30}; do mount -o ro /dev/sr0 /mnt && grep -q ${name} /mnt/meta-data && break; umount /mnt; sleep 1; done`;
  await guest.run(["/bin/bash", "-c", mount]);
  for (const [file, content] of [
    ["user-data", files.userData],
    ["meta-data", files.metaData],
  ] as const) {
    const read = await guest.read(`/mnt/${file}`);
    assert.equal(Buffer.from(read ?? "", "latin1").toString("utf8"), content, `${file} is the same in the guest`);
  }
  await guest.run(["/bin/umount", "/mnt"]);
  const { length } = Buffer.from(files.userData);
  console.log(`# the seed's files, mounted by the guest's kernel, are the same: ${length} bytes of user-data`);
}

/** In each kind of place at once, so that an empty result of the search means something; on the drive is the seed. */
async function plantAndFind(guest: RealGuest, name: string): Promise<void> {
  const needle = nobodys(name);
  await guest.write("/var/tmp/planted", needle);
  await guest.write(
    "/run/plant",
    `logger ${needle}\nPLANTED=${needle} sleep 600 &\nsh -c 'sleep 600; : "$0"' ${needle} &\n`,
  );
  await guest.run(["/bin/sh", "-c", "setsid sh /run/plant >/dev/null 2>&1 </dev/null; journalctl --sync"]);
  const found = new Set((await guest.find(needle)).map(({ where }) => where));
  assert.deepEqual([...found].sort(), ["arguments", "device", "environment", "file", "journal"]);
  await stage.call("PUT", `/nodes/pve1/qemu/${guest.vmid}/config`, { ide2: "none,media=cdrom" });
  assert.deepEqual(await guest.find("this stands nowhere in the guest"), []);
}

const imageFiles = new Map(
  ["run-once", "job-started.sh", "job-completed.sh", "dispatcher-runner.service"].map((name) => [
    name,
    readFileSync(`templates/image/${name}`, "utf8"),
  ]),
);

const values = (runnerName: string, credential: UserDataValues["credential"]): UserDataValues => ({
  runnerName,
  runnerLabels: ["self-hosted"],
  repoUrl: `${stage.github}/octo/demo`,
  runnerUser: "runner",
  credential,
  hardLifetimeSeconds: 600,
});

const jit = (name: string): UserDataValues["credential"] => ({ kind: "jit", config: new Secret(nobodys(name)) });

/** A JIT config that GitHub has not made. */
function nobodys(name: string): string {
  const files = {
    ".runner": JSON.stringify({ AgentName: name, GitHubUrl: `${stage.github}/octo/demo` }),
    ".credentials": "{}",
    ".credentials_rsaparams": "{}",
  };
  const encoded = Object.entries(files).map(([file, text]) => [file, Buffer.from(text).toString("base64")]);
  return Buffer.from(JSON.stringify(Object.fromEntries(encoded))).toString("base64");
}

function seed(name: string, credential: UserDataValues["credential"]): SeedFiles {
  const template = {
    path: "runner.yaml.ejs",
    text: readFileSync("templates/runner.yaml.ejs", "utf8"),
    image: imageFiles,
  };
  return {
    userData: renderUserData(template, values(name, credential)),
    metaData: metaData({ instanceId: name, hostname: name }),
  };
}

async function clone(template: string, name: string): Promise<number> {
  lastVmid += 1;
  const vmid = lastVmid;
  await stage.task("POST", `/nodes/pve1/qemu/${template}/clone`, { newid: String(vmid), name });
  return vmid;
}

const start = (vmid: number): Promise<void> => stage.task("POST", `/nodes/pve1/qemu/${vmid}/status/start`);

/** Boots it unarmed, until its image says that it waits to be armed. */
async function booted(vmid: number, name: string): Promise<RealGuest> {
  const began = Date.now();
  const guest = new RealGuest(stage, vmid);
  await start(vmid);
  await until(`the agent of ${name}`, patience, async () => (await guest.ping()) || null);
  await until(`readiness of ${name}`, patience, () => guest.read("/run/dispatcher/waiting"));
  tell(name, "boot (to its guest agent)", began);
  return guest;
}

const tell = (name: string, what: string, began: number): void =>
  console.log(`# ${name}: ${what} ${Math.round((Date.now() - began) / 1000)} s`);
