import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, test } from "node:test";
import { without } from "../guest/tools.ts";
import { commitOfNow, run, runMeanwhile } from "./packages.ts";
import { type Block, blocksOf, type Place, withSettings } from "./readme.ts";
import { realContainers } from "./real-container.ts";
import { given, realStage, standIns } from "./real-stage.ts";
import { until } from "./until.ts";

/** The README's installation, word for word: on an emulated PVE and GitHub, in a Debian 13 whose process 1 is systemd. */

const folder = mkdtempSync(join(tmpdir(), "dispatcher-readme-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const readme = readFileSync("README.md", "utf8");
const blocks = blocksOf(readme, "Install in ten minutes");
const skip = process.getuid?.() === 0 ? without("mmdebstrap") || without("nsenter") : "needs root";

test("the README's ten minutes say what to type where, and end with a job that is served", { skip }, async (t) => {
  const labels = /`runs-on: \[([^\]]+)\]`/.exec(readme)?.[1]?.split(", ") ?? [];
  assert.ok(labels.includes("self-hosted"), "the README names no labels for a workflow");
  for (const line of [...standIns, "pvesm and pveum: programs that call the emulated PVE's API with their words"]) {
    t.diagnostic(`stood in for ${line}`);
  }
  const { settings, jobs, state } = await realStage(t, folder, {}, labels);
  const containers = realContainers();
  t.after(() => containers.close());
  const vmid = 105;
  const empty = { id: "", bytes: new Uint8Array() };
  const system = await containers.make({ vmid, hostname: "dispatcher", password: null, keys: "", archive: empty });
  await system.start();

  const checkout = join(folder, "checkout");
  run("git", ["clone", "--quiet", commitOfNow(folder), checkout]);
  const programs = nodePrograms();
  const env = {
    ...process.env,
    PATH: `${programs}:${process.env.PATH}`,
    PVE_URL: settings.PROXMOX_URL,
    PVE_TOKEN: `root@pam!admin=${given.adminToken}`,
    // Its certificate is made for this test.
    NODE_TLS_REJECT_UNAUTHORIZED: "0",
    NODE_NO_WARNINGS: "1",
  };
  const type = {
    node: (line) => runMeanwhile("sh", ["-c", line], { env }),
    checkout: async (line) => {
      const said = await runMeanwhile("sh", ["-c", line], { cwd: checkout });
      const bring = /[Bb]ring `([^`]+)` into the container/.exec(readme)?.[1] ?? assert.fail("nothing is brought");
      cpSync(join(checkout, bring), join(containers.root(vmid), "root", bring.replace(/.*\//, "")));
      return said;
    },
    container: (line) => containers.inside(vmid, `export DEBIAN_FRONTEND=noninteractive; cd /root; ${line}`),
  } satisfies Record<Exclude<Place, "settings">, (line: string) => Promise<string>>;

  let printed = "";
  for (const { place, lines } of blocks) {
    if (place === "settings") fillIn(lines, tokenIn(printed));
    else {
      for (const line of lines) {
        t.diagnostic(`${place}# ${line}`);
        printed += await type[place](line);
      }
    }
  }
  assert.match(printed, /^0 blocks, /m);

  await until(
    () => jobs().includes("completed"),
    () => jobs().join(),
  );
  assert.deepEqual(jobs(), ["queued", "started", "completed"]);
  assert.equal((await containers.inside(vmid, "systemctl is-enabled dispatcher")).trim(), "enabled");
  assert.ok(state.spec.storages.some(({ name }) => name === "seeds"));

  /** What a reader knows, and the emulated GitHub's address, as the example file names it. */
  function fillIn(lines: Block["lines"], secret: string): void {
    const file = join(containers.root(vmid), "etc/dispatcher/dispatcher.env");
    const { PROXMOX_URL, PROXMOX_FINGERPRINT, REPO_OWNER, REPO_NAME, GITHUB_API_URL } = settings;
    const own = {
      ...{ PROXMOX_URL, PROXMOX_FINGERPRINT, REPO_OWNER, REPO_NAME, GITHUB_API_URL },
      PROXMOX_TOKEN_SECRET: secret,
      GITHUB_TOKEN: given.github,
      POLL_INTERVAL: "2",
    };
    writeFileSync(file, withSettings(readFileSync(file, "utf8"), lines, own));
  }
});

test("what the README says is typed on a node, in a checkout and in the container, and written into a file", () => {
  const counted = (place: Place): number =>
    blocks.filter((block) => block.place === place).reduce((count, { lines }) => count + lines.length, 0);
  assert.deepEqual(
    [counted("node"), counted("checkout"), counted("container"), counted("settings")],
    [16, 1, 5, 12],
    JSON.stringify(blocks, null, 1),
  );
});

const tokenIn = (printed: string): string =>
  /[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}/.exec(printed)?.[0] ?? assert.fail("no token's secret was printed");

/** A folder with the programs of a node. */
function nodePrograms(): string {
  const bin = mkdtempSync(join(folder, "bin-"));
  for (const name of ["pvesm", "pveum"]) {
    const program = `#!/bin/sh\nexec '${process.execPath}' '${resolve("test/install/pve-node.mjs")}' ${name} "$@"\n`;
    writeFileSync(join(bin, name), program, { mode: 0o755 });
  }
  return bin;
}
