import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import ejs from "ejs";
import { MINUTE } from "../../../src/domain/time.ts";
import { lab } from "./lab.ts";

const template = readFileSync("templates/runner.yaml.ejs", "utf8");

for (const kind of ["jit", "token"] as const) {
  test(`a guest that is given the product's own user-data takes one job and is off (${kind})`, async () => {
    const { seeded, time, mint, json, whats } = lab({ jobs: [{ labels: ["self-hosted", "proxmox"] }] });
    const credential =
      kind === "jit"
        ? { kind, config: (await mint("vm-1", ["self-hosted", "proxmox"])).config }
        : { kind, token: (await json("POST", "/repos/octo/demo/actions/runners/registration-token")).token };
    const userData = ejs.render(
      template,
      {
        credential,
        runnerName: "vm-1",
        runnerUser: "runner",
        runnerLabels: ["self-hosted", "proxmox"],
        repoUrl: "https://github.com/octo/demo",
        hardLifetimeSeconds: 3_600,
        yaml: JSON.stringify,
        shell: (text: string) => `'${text}'`,
      },
      { escape: String },
    );
    const guest = seeded(userData);
    await time.pass(MINUTE);
    assert.match(String(await guest.text("/run/dispatcher/state")), /^job \d+\n$/, guest.notes().join("\n"));
    await time.pass(10 * MINUTE);
    assert.equal(await guest.text("/run/dispatcher/state"), "done\n");
    assert.deepEqual(whats().slice(1), ["started vm-1 101", "completed vm-1 101"]);
    assert.equal(guest.off.aborted, true);
  });
}
