import assert from "node:assert/strict";
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { Tally } from "../../src/emulator/audit.ts";
import { worldSpec } from "../../src/emulator/world.ts";
import { assertHidden } from "../bootstrap/secrets.ts";
import { Stage } from "../e2e/stage.ts";
import { worldStage } from "./world-stage.ts";

/** From an administrator's login and a file of answers to a served job. */

const password = "correct horse";
const githubToken = "github_pat_11ABCDEFG";
const world = {
  pve: {
    generation: "9.2",
    nodes: [{ name: "pve1" }],
    storages: [{ name: "local", content: ["iso", "images"] }],
    tokens: [],
    access: { users: [{ userid: "root@pam", password }] },
    guests: [
      { vmid: 9000, name: "debian", template: true },
      { vmid: 250, name: "somebody-elses" },
    ],
  },
  github: {
    tokens: [{ token: githubToken }],
    repositories: [{ name: "acme/app" }],
    jobs: [{ repository: "acme/app", labels: ["self-hosted", "vm"], atMs: 0, durationMs: 20_000, name: "build" }],
  },
};

/** Until all is over, and nothing of it left. */
async function served(jobs: () => readonly string[], tally: () => Pick<Tally, "left">): Promise<void> {
  const isOver = (): boolean => {
    const { guests, seeds, runners } = tally().left;
    return jobs().includes("completed") && guests + seeds + runners === 0;
  };
  for (let tries = 0; tries < 600 && !isOver(); tries++) await sleep(200);
}

test("init with answers from a file, then run: the job is served, nobody was asked, and no secret is left on the cluster", async (t) => {
  const stage = new Stage();
  t.after(() => stage.close());
  const { addresses, state, jobs, audit, tally } = await worldStage(t, worldSpec.parse(world), { speed: 20 });
  stage.write("admin", `${password}\n`);
  stage.write("github", `${githubToken}\n`);
  const answers = {
    proxmox_url: addresses.PROXMOX_URL,
    proxmox_trust: addresses.PROXMOX_FINGERPRINT,
    proxmox_admin: "root@pam",
    proxmox_admin_secret_file: "admin",
    github_api_url: addresses.GITHUB_API_URL,
    github_token_file: "github",
    repositories: ["acme/app"],
    labels: ["vm"],
    listen: "off",
  };
  stage.write("answers.yaml", JSON.stringify(answers));

  const init = stage.start(["init", "--answers", "answers.yaml"]);
  assert.equal(await init.ended, 0, init.text());
  assert.match(init.text(), /^0 blocks, 0 warns, \d+ good$/m, init.text());
  assert.match(init.text(), /runs-on: \[self-hosted, vm\]/);

  const read = (name: string): string => readFileSync(join(stage.folder, name), "utf8");
  const environment = read("dispatcher.env");
  const secret = /^PROXMOX_TOKEN_SECRET=(\S+)$/m.exec(environment)?.[1] ?? "";
  assert.equal(statSync(join(stage.folder, "dispatcher.env")).mode & 0o777, 0o600);
  assert.ok(!environment.includes(password), "the administrator's login is needed once");
  // VMID 250 is taken.
  assert.match(read("dispatcher.yaml"), /vmids: "300-399"/);

  const again = stage.start(["init", "--answers", "answers.yaml"]);
  assert.equal(await again.ended, 2);
  assert.equal(read("dispatcher.env"), environment);

  const forced = stage.start(["init", "--answers", "answers.yaml", "--force"]);
  assert.equal(await forced.ended, 0, forced.text());
  assert.doesNotMatch(forced.text(), /^(?:made|mended)/m);
  assert.equal(read("dispatcher.env"), environment, "the token's secret is kept");

  const run = stage.start(["run"]);
  await served(jobs, tally);
  assert.deepEqual(jobs(), ["queued", "started", "completed"]);
  assert.deepEqual(tally().left, { guests: 0, seeds: 0, runners: 0 });
  assert.equal(await run.stop(), 0, run.text());
  const secrets = {
    "the token's secret": secret,
    "GitHub's token": githubToken,
    "the administrator's password": password,
  };
  const said = [init, again, forced, run].map((program) => program.text());
  assertHidden(state, secrets, {
    "what was said": said,
    "what happened": audit,
    "dispatcher.yaml": read("dispatcher.yaml"),
  });
});

test("where there is no template, one is built from a file that was brought along, and its guests serve the job", async (t) => {
  const stage = new Stage();
  t.after(() => stage.close());
  const bare = { ...world, pve: { ...world.pve, storages: [{ name: "local" }], guests: [] } };
  const { addresses, state, jobs, tally } = await worldStage(t, worldSpec.parse(bare), { speed: 20 });
  stage.write("admin", password);
  stage.write("github", githubToken);
  stage.write("debian.qcow2", "QFI\u00fb and a disk");
  const answers = {
    proxmox_url: addresses.PROXMOX_URL,
    proxmox_trust: addresses.PROXMOX_FINGERPRINT,
    proxmox_admin: "root@pam",
    proxmox_admin_secret_file: "admin",
    build_template: "yes",
    build_image: "debian.qcow2",
    build_runner: `2.336.0 ${"a".repeat(64)}`,
    github_api_url: addresses.GITHUB_API_URL,
    github_token_file: "github",
    repositories: ["acme/app"],
    labels: ["vm"],
    listen: "off",
  };
  stage.write("answers.yaml", JSON.stringify({ ...answers, build_runner: "2.336.0" }));
  const half = stage.start(["init", "--answers", "answers.yaml"]);
  assert.equal(await half.ended, 2);
  assert.match(
    half.text(),
    /build_runner: "2\.336\.0" is neither newest nor a version like 2\.336\.0 with 64 hex digits/,
  );

  stage.write("answers.yaml", JSON.stringify(answers));
  const init = stage.start(["init", "--answers", "answers.yaml"]);
  assert.equal(await init.ended, 0, init.text());
  assert.match(init.text(), /template: debian-13 generation 1 is template 9000 on node pve1; promoted/);
  assert.match(init.text(), /^0 blocks, 0 warns, \d+ good$/m, init.text());

  const run = stage.start(["run"]);
  await served(jobs, tally);
  assert.deepEqual(jobs(), ["queued", "started", "completed"]);
  assert.equal(await run.stop(), 0, run.text());
  assert.ok(state.guests.has(9000));
});

test("an organisation on a cluster without a template: everything is set up, and what is left to do is said", async () => {
  const stage = new Stage();
  after(() => stage.close());
  const groups = [{ id: 5, name: "vms", visibility: "selected", repositories: ["acme/app", "acme/site"] }];
  const repositories = [{ name: "acme/app" }, { name: "acme/site" }];
  await stage.emulate({
    pve: { ...world.pve, generation: "8.4", guests: [] },
    github: { ...world.github, repositories, organisations: [{ login: "acme", groups }], jobs: [] },
  });
  stage.write("admin", password);
  stage.write("github", githubToken);
  const answers = {
    proxmox_url: stage.env.PROXMOX_URL,
    proxmox_trust: stage.env.PROXMOX_FINGERPRINT,
    proxmox_admin: "root@pam",
    proxmox_admin_secret_file: "admin",
    github_api_url: stage.env.GITHUB_API_URL,
    github_token_file: "github",
    repositories: "acme/app, acme/site",
    runner_group: "vms",
  };
  stage.write("answers.yaml", JSON.stringify({ ...answers, runner_group: "vm" }));
  const misspelt = stage.start(["init", "--answers", "answers.yaml"]);
  assert.equal(await misspelt.ended, 2);
  assert.match(misspelt.text(), /runner_group: acme has no group "vm"; it has (?:Default, )?vms/);
  assert.equal(existsSync(join(stage.folder, "dispatcher.env")), false);

  stage.write("answers.yaml", JSON.stringify(answers));
  const init = stage.start(["init", "--answers", "answers.yaml"]);
  assert.equal(await init.ended, 1, init.text());
  assert.doesNotMatch(init.text(), /^is there/m, "the answers that could not be used made nothing");
  assert.match(init.text(), /`dispatcher template build debian-13` makes it/);
  assert.match(init.text(), /^1 blocks, /m);
  assert.match(init.text(), /blocks\n {2}template: /);
  assert.match(init.text(), /runs-on: \[self-hosted, linux, x64\]/);
  const pools = readFileSync(join(stage.folder, "dispatcher.yaml"), "utf8");
  assert.match(pools, /github: \{ organisation: "acme", repositories: \["app", "site"\], runner_group: "vms" \}/);
});
