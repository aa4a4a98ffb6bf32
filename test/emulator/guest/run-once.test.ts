import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../src/domain/secret.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import { credentialFile } from "../../../src/guest/credential-file.ts";
import type { UserDataCredential, UserDataValues } from "../../../src/guest/template-values.ts";
import { renderUserData } from "../../../src/guest/user-data.ts";
import { shipped } from "../../guest/shipped.ts";
import { type Guest, lab } from "./lab.ts";

const state = "/run/dispatcher/state";
const jit = (config: string): UserDataCredential => ({ kind: "jit", config: new Secret(config) });

const valuesFor = (credential: UserDataCredential, more: Partial<UserDataValues> = {}): UserDataValues => ({
  credential,
  runnerName: "vm-1",
  runnerUser: "runner",
  runnerLabels: ["self-hosted", "proxmox"],
  repoUrl: "https://github.com/octo/demo",
  hardLifetimeSeconds: 60,
  ...more,
});

const userData = (credential: UserDataCredential, more: Partial<UserDataValues> = {}): string =>
  renderUserData(shipped("runner.yaml.ejs"), valuesFor(credential, more));

const write = (guest: Guest, name: string, text: string): Promise<boolean> =>
  guest.writeFile(`/run/dispatcher/${name}`, new TextEncoder().encode(text));

test("the agent arms a guest of our image, which serves one job and is off", async () => {
  const { boot, time, mint, github } = lab({ jobs: [{}] });
  const guest = boot({});
  await time.pass(MINUTE);
  assert.equal(await guest.text("/run/dispatcher/waiting"), "");
  const credential = credentialFile(valuesFor(jit((await mint("vm-1")).config))).reveal();
  assert.equal(await write(guest, "credential", credential), true);
  assert.equal(await write(guest, "ready", ""), true);
  await time.pass(MINUTE);
  assert.equal(github.counts().inProgress, 1);
  assert.match(String(await guest.text(state)), /^job \d+\n$/);
  assert.deepEqual(
    [await guest.text("/run/dispatcher/credential"), await guest.text("/run/dispatcher/ready")],
    [null, null],
  );
  await time.pass(10 * MINUTE);
  assert.equal(guest.off.aborted, true);
});

test("a credential without ready starts nothing", async () => {
  const { boot, time, mint, github } = lab({ jobs: [{}] });
  const guest = boot({});
  await time.pass(MINUTE);
  await write(guest, "credential", `kind=jit\ncredential=${(await mint("vm-1")).config.slice(0, 100)}`);
  await time.pass(30 * MINUTE);
  assert.equal(await guest.text(state), null);
  assert.equal(github.counts().queued, 1);
  assert.equal(guest.off.aborted, false);
});

test("ready without a whole credential ends in power-off, and says what is missing", async () => {
  const { boot, time } = lab();
  const [bare, torn] = [boot({}), boot({})];
  await time.pass(MINUTE);
  await write(bare, "ready", "");
  await write(torn, "credential", "kind=jit\ncredential=abc");
  await write(torn, "ready", "");
  await time.pass(5 * MINUTE);
  assert.equal(await bare.text("/dev/console"), "dispatcher: no credential in /run/dispatcher/credential\n");
  assert.match(String(await torn.text("/dev/console")), /does not say how many seconds/);
  assert.deepEqual([bare.off.aborted, torn.off.aborted], [true, true]);
});

test("an image without our files gets them with the user-data, and one that has them keeps its own", async () => {
  const { seeded, boot, time, mint } = lab();
  const [alone, ours] = await Promise.all(
    (["runner-alone", "runner"] as const).map(async (image) =>
      seeded(userData(jit((await mint(image)).config)), image),
    ),
  );
  const unarmed = boot({}, "runner-alone");
  await time.pass(MINUTE);
  for (const guest of [alone, ours]) {
    assert.equal(await guest?.text(state), "listening\n");
    assert.notEqual(await guest?.text("/opt/dispatcher/job-started.sh"), null);
    assert.equal(await guest?.text("/run/dispatcher/brought/opt/dispatcher/run-once"), null);
  }
  assert.equal(await write(unarmed, "ready", ""), false);
});

test("no copy of the secret is left once the runner is online", async () => {
  const { seeded, time, mint } = lab();
  const { config } = await mint("vm-1");
  // Planted, so that the search is known to find.
  const planted = userData(jit(config)).replace("runcmd:", `runcmd:\n  - echo ${config} > /var/tmp/planted`);
  const search = `${planted}  - |\n    (sleep 60; grep -rlF ${config} /var /run /etc /opt /home /tmp > /srv/found)\n`;
  const guest = seeded(search);
  await time.pass(3 * MINUTE);
  assert.equal(await guest.text(state), "listening\n");
  const found = String(await guest.text("/srv/found"))
    .trim()
    .split("\n")
    .sort();
  // Both are the test's own.
  assert.deepEqual(found, ["/var/lib/cloud/instance/runcmd", "/var/tmp/planted"]);
});

for (const [what, values, image, said] of [
  [
    "the credential is worthless",
    valuesFor(jit("bm9uc2Vuc2U=")),
    "runner",
    /the runner ended with 1: The JIT configuration/,
  ],
  [
    "the token is wrong",
    valuesFor({ kind: "token", token: new Secret("AWRONG") }),
    "runner",
    /the runner could not register \(config\.sh ended with 1\): \S/,
  ],
  ["the image has no runner", valuesFor(jit("abc")), "no-runner", /the image has no \/opt\/actions-runner/],
  [
    "the user is a stranger",
    valuesFor(jit("abc"), { runnerUser: "nobody-here" }),
    "runner",
    /the image has no user nobody-here/,
  ],
] as const) {
  test(`a guest powers off and says on its console that ${what}`, async () => {
    const { boot, time } = lab();
    const guest = boot({}, image);
    await time.pass(MINUTE);
    await write(guest, "credential", credentialFile(values).reveal());
    await write(guest, "ready", "");
    await time.pass(10 * MINUTE);
    assert.match(String(await guest.text(state)), new RegExp(`^failed: ${said.source}`));
    assert.match(String(await guest.text("/dev/console")), new RegExp(`^dispatcher: ${said.source}`));
    assert.equal(guest.off.aborted, true);
  });
}
