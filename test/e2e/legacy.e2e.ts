import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { summarise } from "../../src/cli/demo/summary.ts";
import { Stage } from "./stage.ts";

/** Someone who used the old dispatcher brings two files: its environment and its user-data template. */
const oldTemplate = readFileSync(join(import.meta.dirname, "../../templates/legacy-example.pkrtpl"), "utf8");

const world = {
  pve: {
    guests: [{ vmid: 9000, name: "ubuntu-2204-runner-template", node: "proxmox", template: true }],
    nodes: [{ name: "proxmox" }],
  },
  github: {
    repositories: [{ name: "NREL/EnergyPlus", private: false }],
    jobs: [
      {
        repository: "NREL/EnergyPlus",
        labels: ["self-hosted", "energyplus", "linux"],
        count: 1,
        atMs: 0,
        durationMs: 20_000,
      },
    ],
  },
};

test("the old dispatcher's environment file and template alone serve a job, and nothing is left", async () => {
  const stage = new Stage();
  after(() => stage.close());
  await stage.emulate(world);
  const folder = join(stage.folder, "runners/ubuntu-2204/cloud-init");
  mkdirSync(folder, { recursive: true });
  stage.write("runners/ubuntu-2204/cloud-init/runner-user-data.pkrtpl", oldTemplate);
  stage.writeEnv({
    // The two addresses are the emulator's; all else is what the old file had.
    PROXMOX_URL: stage.env.PROXMOX_URL ?? "",
    GITHUB_API_URL: stage.env.GITHUB_API_URL ?? "",
    PROXMOX_NODE: "proxmox",
    PROXMOX_TOKEN_ID: stage.env.PROXMOX_TOKEN_ID ?? "",
    PROXMOX_TOKEN_SECRET: stage.env.PROXMOX_TOKEN_SECRET ?? "",
    GITHUB_TOKEN: stage.env.GITHUB_TOKEN ?? "",
    PROXMOX_STORAGE: "local",
    PROXMOX_VERIFY_SSL: "false",
    TEMPLATE_NAME: "ubuntu-2204-runner-template",
    RUNNER_ID_START: "200",
    RUNNER_ID_END: "299",
    RUNNER_NAME_PREFIX: "energyplus-runner",
    REPO_OWNER: "NREL",
    REPO_NAME: "EnergyPlus",
    REPO_URL: "https://github.com/NREL/EnergyPlus",
    RUNNER_LABELS: "energyplus,linux,x64,ubuntu-22.04",
    POLL_INTERVAL: "5",
    USER_DATA_TEMPLATE: "runners/ubuntu-2204/cloud-init/runner-user-data.pkrtpl",
  });

  const daemon = stage.start(["run"]);
  assert.match(await daemon.line(/PROXMOX_VERIFY_SSL/), /^warn/);
  await daemon.line(/remove energyplus-runner-.*: done/);
  assert.equal(await daemon.stop(), 0);
  const emulated = stage.audit();
  const summary = summarise(emulated, 1);
  assert.deepEqual(
    { completed: summary.completed, touched: summary.foreignTouched },
    { completed: 1, touched: 0 },
    daemon.text(),
  );
  assert.deepEqual(await stage.left(), { guests: 0, seeds: 0, runners: 0 });
});
