import assert from "node:assert/strict";
import { test } from "node:test";
import { Secret } from "../../../src/domain/secret.ts";
import { HOUR, MINUTE } from "../../../src/domain/time.ts";
import type { UserDataCredential } from "../../../src/guest/template-values.ts";
import { renderUserData } from "../../../src/guest/user-data.ts";
import { shipped } from "../../guest/shipped.ts";
import { lab } from "./lab.ts";

const labels = ["self-hosted", "proxmox"];

const userDataFor = (credential: UserDataCredential, hardLifetimeSeconds = 3_600): string =>
  renderUserData(shipped("runner.yaml.ejs"), {
    credential,
    runnerName: "vm-1",
    runnerUser: "runner",
    runnerLabels: labels,
    repoUrl: "https://github.com/octo/demo",
    hardLifetimeSeconds,
  });

for (const kind of ["jit", "token"] as const) {
  test(`a guest that is given the product's own user-data takes one job and is off (${kind})`, async () => {
    const { seeded, time, mint, json, whats } = lab({ jobs: [{ labels }] });
    const credential: UserDataCredential =
      kind === "jit"
        ? { kind, config: new Secret((await mint("vm-1", labels)).config) }
        : {
            kind,
            token: new Secret(
              String((await json("POST", "/repos/octo/demo/actions/runners/registration-token")).token),
            ),
          };
    const guest = seeded(userDataFor(credential));
    await time.pass(MINUTE);
    assert.match(String(await guest.text("/run/dispatcher/state")), /^job \d+\n$/, guest.notes().join("\n"));
    await time.pass(10 * MINUTE);
    assert.equal(await guest.text("/run/dispatcher/state"), "done\n");
    assert.deepEqual(whats().slice(1), ["started vm-1 101", "completed vm-1 101"]);
    assert.equal(guest.off.aborted, true);
  });
}

test("a runner that waits beyond its deadline is ended, with the reason on the console", async () => {
  const { seeded, time, mint } = lab();
  const guest = seeded(userDataFor({ kind: "jit", config: new Secret((await mint("vm-1", labels)).config) }, 60));
  await time.pass(23 * HOUR);
  assert.equal(guest.off.aborted, false);
  await time.pass(2 * HOUR);
  assert.equal(guest.off.aborted, true);
  assert.equal(await guest.text("/dev/console"), "dispatcher: time ran out: 86460 seconds\n");
  assert.equal(await guest.text("/run/dispatcher/state"), "failed: time ran out: 86460 seconds\n");
});
