import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, describe, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { Secret } from "../../src/domain/secret.ts";
import { credentialFile } from "../../src/guest/credential-file.ts";
import { seedImage } from "../../src/guest/seed-image.ts";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { metaData, renderUserData } from "../../src/guest/user-data.ts";
import { RealGuest } from "./guest.ts";
import { RealStage, until } from "./stage.ts";
import { toolsMissing } from "./tools.ts";

/** What a guest does by itself when its runner cannot work: no dispatcher is there to clear up. */

const MINUTE = 60_000;
const patience = 12 * MINUTE;
const stage = new RealStage();
let lastVmid = 400;

describe("a real guest whose runner cannot work powers off and says why on its console", {
  concurrency: true,
  skip: toolsMissing(),
}, () => {
  before(() => stage.open("pools: []\n"));
  after(() => stage.close());

  test("a registration token that GitHub refuses", async () => {
    const name = "wrong-token";
    const vmid = await clone("9000", name);
    const userData = renderUserData(
      { path: "runner.yaml.ejs", text: readFileSync("templates/runner.yaml.ejs", "utf8"), image: imageFiles },
      values(name, { kind: "token", token: new Secret("AWRONGTOKENWRONGTOKENWRONGTOK") }),
    );
    await stage.upload(
      `${name}.iso`,
      seedImage({ userData, metaData: metaData({ instanceId: name, hostname: name }) }),
    );
    await stage.call("PUT", `/nodes/pve1/qemu/${vmid}/config`, { ide2: `local:iso/${name}.iso,media=cdrom` });
    await start(vmid);
    await new RealGuest(stage, vmid).isOff(patience);
    assert.match(stage.console(name), /dispatcher: the runner could not register .*NotFound/);
  });

  test("no network; and a credential without its second file starts nothing", async () => {
    const name = "dead-network";
    const vmid = await clone("9001", name);
    const guest = await booted(vmid);
    await guest.write("/run/dispatcher/credential", credentialFile(values(name, jit(name))).reveal());
    await sleep(10_000);
    assert.equal(await guest.read("/run/dispatcher/state"), null, "a half-written arming starts nothing");
    assert.match(await guest.run(["/usr/bin/systemctl", "is-active", "dispatcher-runner.service"]), /inactive/);
    await guest.write("/run/dispatcher/ready", "");
    await guest.isOff(patience);
    assert.match(stage.console(name), /dispatcher: http:\/\/127\.0\.0\.1:\d+\/octo\/demo cannot be reached/);
  });

  test("a runner that hangs until its time is over; and the search for secrets finds what is there", async () => {
    const name = "hung-runner";
    const vmid = await clone("9000", name);
    const guest = await booted(vmid);
    await plantAndFind(guest);
    await guest.write("/run/runner-hangs", "");
    const secret = credentialFile(values(name, jit(name)))
      .reveal()
      .replace(/^seconds=.*$/m, "seconds=60");
    await guest.write("/run/dispatcher/credential", secret);
    await guest.write("/run/dispatcher/ready", "");
    await guest.stateIs(/^listening/, 2 * MINUTE);
    await guest.isOff(patience);
    assert.match(stage.console(name), /dispatcher: time ran out/);
  });
});

/** In each kind of place at once, so that an empty result of the search means something. */
async function plantAndFind(guest: RealGuest): Promise<void> {
  const needle = `planted-${"x1y2".repeat(8)}`;
  await guest.write("/var/tmp/planted", needle);
  await guest.write(
    "/run/plant",
    `logger ${needle}\nPLANTED=${needle} sleep 300 &\nsh -c 'sleep 300; : "$0"' ${needle} &\n`,
  );
  await guest.run(["/bin/sh", "-c", "setsid sh /run/plant >/dev/null 2>&1 </dev/null; journalctl --sync"]);
  const found = new Set((await guest.find(needle)).map(({ where }) => where));
  assert.deepEqual([...found].sort(), ["arguments", "environment", "file", "journal"]);
  assert.deepEqual(await guest.find("cidata-is-on-the-drive"), [], "what is nowhere is not found");
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

/** Nobody's: whoever gets as far as to show it is refused. */
function jit(name: string): UserDataValues["credential"] {
  const files = {
    ".runner": JSON.stringify({ AgentName: name, GitHubUrl: `${stage.github}/octo/demo` }),
    ".credentials": "{}",
    ".credentials_rsaparams": "{}",
  };
  const encoded = Object.entries(files).map(([file, text]) => [file, Buffer.from(text).toString("base64")]);
  return {
    kind: "jit",
    config: new Secret(Buffer.from(JSON.stringify(Object.fromEntries(encoded))).toString("base64")),
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
async function booted(vmid: number): Promise<RealGuest> {
  const began = Date.now();
  const guest = new RealGuest(stage, vmid);
  await start(vmid);
  await until(`the agent of ${vmid}`, patience, async () => (await guest.ping()) || null);
  console.log(`# ${vmid}: the agent answers after ${((Date.now() - began) / 1000).toFixed(0)} s`);
  await until(`readiness of ${vmid}`, patience, () => guest.read("/run/dispatcher/waiting"));
  return guest;
}
