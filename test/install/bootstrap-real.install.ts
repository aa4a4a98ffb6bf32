import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, type TestContext, test } from "node:test";
import { inspect } from "node:util";
import { systemChance } from "../../src/app/system.ts";
import { cli } from "../../src/cli/cli.ts";
import { selfSigned } from "../../src/emulator/certificate.ts";
import { serve } from "../../src/emulator/serve.ts";
import { wallTime } from "../../src/emulator/time.ts";
import { createWorld, worldSpec } from "../../src/emulator/world.ts";
import { build, commitOfNow } from "./packages.ts";
import { type RealContainers, realContainers } from "./real-container.ts";

/** The container of an installation is a real Debian here, behind the emulated PVE: its console is a terminal, its init systemd. */

const folder = mkdtempSync(join(tmpdir(), "dispatcher-bootstrap-"));
const listen = "127.0.0.1:19181";
const secrets = { admin: "99999999-8888-7777-6666-555555555555", github: "github_pat_11NEVER_TO_BE_SEEN" };
let packageFile = "";

before(() => {
  const given = process.env.DISPATCHER_PACKAGE;
  const out = given ?? build(commitOfNow(folder), join(folder, "clone"), { umask: "022", env: {} });
  packageFile = join(out, readdirSync(out).find((name) => name.endsWith(".deb")) ?? "");
  assert.ok(existsSync(packageFile), "no package was built");
});

after(() => rmSync(folder, { recursive: true, force: true }));

const spec = worldSpec.parse({
  pve: {
    storages: [
      { name: "local", content: ["iso", "vztmpl"] },
      { name: "local-lvm", content: ["images", "rootdir"] },
    ],
    tokens: [{ id: "root@pam!admin", secret: secrets.admin }],
    access: { users: [{ userid: "root@pam", tokens: [{ tokenid: "admin" }] }] },
    guests: [
      { vmid: 9000, name: "base", template: true, storage: "local-lvm" },
      { vmid: 100, name: "foreign" },
    ],
  },
  github: {
    repositories: [{ name: "octo/demo" }],
    tokens: [{ token: secrets.github }],
    jobs: [{ repository: "octo/demo", labels: ["self-hosted", "linux"], count: 1, durationMs: 5_000, atMs: 0 }],
  },
});

async function stage(t: TestContext) {
  const home = mkdtempSync(join(folder, "stage-"));
  const containers: RealContainers = realContainers(home);
  let githubUrl = "";
  const ended: string[] = [];
  const world = createWorld({
    spec,
    time: wallTime(1),
    chance: systemChance,
    audit: (entry) => {
      if (entry.event === "job") ended.push(entry.what);
    },
    githubUrl: () => githubUrl,
    makeContainer: containers.make,
  });
  const tls = await selfSigned(["localhost", "127.0.0.1"], new Date());
  const common = { address: "127.0.0.1", port: 0 } as const;
  const pve = await serve({ ...common, handler: world.pve, connect: world.connect, tls, profile: "pve" });
  const github = await serve({ ...common, handler: world.github, tls: null, profile: "plain" });
  githubUrl = github.url;
  t.after(async () => {
    await containers.close();
    await Promise.all([pve.close(), github.close()]);
    world.close();
  });
  const env = {
    PROXMOX_URL: pve.url,
    PROXMOX_FINGERPRINT: tls.fingerprint,
    PROXMOX_NODE: "pve1",
    PROXMOX_ADMIN_TOKEN_ID: "root@pam!admin",
    PROXMOX_ADMIN_TOKEN_SECRET: secrets.admin,
    GITHUB_API_URL: `${github.url}/api/v3`,
    GITHUB_TOKEN: secrets.github,
    REPO_OWNER: "octo",
    REPO_NAME: "demo",
    TEMPLATE_NAME: "base",
    RUNNER_LABELS: "linux",
    RUNNER_NAME_PREFIX: "runner",
    POLL_INTERVAL: "2",
    DISPATCHER_LISTEN: listen,
  };
  async function bootstrap(args: readonly string[], stop = new AbortController().signal) {
    let out = "";
    const code = await cli({
      args: ["bootstrap", "--yes", ...args],
      env,
      cwd: home,
      self: ["node"],
      stop,
      terminal: false,
      out: (text) => {
        out += text;
        t.diagnostic(text.trimEnd());
      },
      err: (text) => {
        out += text;
      },
    });
    return { code, out };
  }
  const { state } = world.behind.pve;
  const whole = (): unknown => {
    const { spec: described, guests, containers: made, volumes, poolComments } = state;
    return structuredClone({
      described,
      guests: [...guests.keys()],
      made: [...made.keys()],
      volumes: volumes.all(),
      poolComments,
    });
  };
  return { containers, state, ended, bootstrap, whole };
}

for (const way of ["console", "ssh"]) {
  test(`by ${way}: from an empty PVE to a served job, again without a change, and back`, async (t) => {
    const { containers, state, ended, bootstrap, whole } = await stage(t);
    const before = whole();
    const began = performance.now();
    const first = await bootstrap(["--way", way, "--package", packageFile]);
    assert.equal(first.code, 0, first.out);
    t.diagnostic(`installed in ${Math.round((performance.now() - began) / 1000)} s`);
    const health = await fetch(`http://${listen}/healthz`);
    assert.equal(health.status, 200, await health.text());
    for (let tries = 0; tries < 600 && !ended.includes("completed"); tries++)
      await new Promise((r) => setTimeout(r, 200));
    assert.ok(ended.includes("completed"), ended.join());
    // Its guest is removed; the one that carries the lease stays as long as the daemon.
    for (let tries = 0; tries < 600 && state.guests.size > 3; tries++) await new Promise((r) => setTimeout(r, 200));

    const tokenSecret = containers.inside(101, "cat /etc/dispatcher/credentials/proxmox_token_secret");
    const { tokens: _, ...described } = state.spec;
    const [container] = state.containers.values();
    const readable = inspect(
      [
        described,
        [...state.tasks.finished()].map(({ upid, log }) => [upid, log]),
        container?.config,
        Buffer.concat(container?.transcript ?? []).toString(),
        state.volumes.all().map(({ id, bytes }) => [id, Buffer.from(bytes).toString("latin1")]),
        containers.inside(101, "cat /proc/[0-9]*/cmdline | tr '\\0' ' '; cat /root/.bash_history 2>/dev/null || true"),
        first.out,
      ],
      { depth: 12, maxStringLength: null, maxArrayLength: null },
    );
    for (const secret of [tokenSecret, secrets.github, secrets.admin])
      assert.ok(!readable.includes(secret), "a secret is found");
    assert.match(containers.inside(101, "passwd -S root"), /^root (L|LK) /);
    assert.equal(containers.inside(101, "cat /root/.ssh/authorized_keys 2>/dev/null || echo none").trim(), "none");

    const second = await bootstrap(["--way", way, "--package", packageFile]);
    assert.match(second.out, /nothing to do/);
    const removed = await bootstrap(["--uninstall"]);
    assert.equal(removed.code, 0, removed.out);
    assert.deepEqual(whole(), before);
  });
}
