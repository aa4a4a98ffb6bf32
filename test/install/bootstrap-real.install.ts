import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import type { PveState } from "../../src/emulator/pve/state.ts";
import { assertHidden, type Secrets } from "../bootstrap/secrets.ts";
import { without } from "../guest/tools.ts";
import { build, commitOfNow, run } from "./packages.ts";
import { watchProcesses } from "./process-list.ts";
import { given, listen, logins, realStage, standIns } from "./real-stage.ts";
import { until } from "./until.ts";

/** The container of an installation is a real Debian here, behind the emulated PVE: its console is a terminal, its init systemd. */

const folder = mkdtempSync(join(tmpdir(), "dispatcher-bootstrap-"));
let release = "";
const skip = process.getuid?.() === 0 ? without("mmdebstrap") || without("nsenter") : "needs root";

before(() => {
  if (skip !== false) return;
  // Built by whoever calls, or here.
  release =
    process.env.DISPATCHER_PACKAGE ?? build(commitOfNow(folder), join(folder, "clone"), { umask: "022", env: {} });
  if (!readdirSync(release).some((file) => file.includes("rootfs"))) run("scripts/rootfs", [release]);
  console.log(`stood in for:\n${standIns.map((line) => `- ${line}\n`).join("")}`);
});

after(() => rmSync(folder, { recursive: true, force: true }));

function made(pattern: RegExp): string {
  const name = readdirSync(release).find((file) => pattern.test(file));
  assert.ok(name !== undefined, `no ${pattern} in ${release}`);
  return join(release, name);
}

const packaged = (): readonly string[] => ["--package", made(/_all\.deb$/)];
const archived = (): readonly string[] => ["--rootfs", made(/rootfs/)];

for (const { way, args, login, killedAfter } of [
  {
    way: "console",
    args: () => ["--way", "console", "--ha", ...packaged()],
    login: logins.token,
    killedAfter: /send the package$/,
  },
  { way: "ssh", args: () => ["--way", "ssh", ...packaged()], login: logins.ticket, killedAfter: /check the system$/ },
  { way: "rootfs", args: archived, login: logins.token, killedAfter: /^fetched +template/ },
]) {
  test(`by ${way}, killed once: from an empty PVE to a served job, again without a change, and back`, {
    skip,
  }, async (t) => {
    const stage = await realStage(t, folder, login);
    const { containers, state, jobs, start, settings, whole } = stage;
    const ends = async (code: number, ...asked: readonly string[]): Promise<string> => {
      const program = start(asked);
      assert.equal(await program.ended, code, program.text());
      return program.text();
    };
    const empty = whole();
    const lap = watch(t);

    const processes = watchProcesses();
    t.after(() => processes.stop());
    const killed = start(args());
    await until(
      () =>
        killed
          .text()
          .split("\n")
          .some((line) => killedAfter.test(line)),
      () => killed.text(),
    );
    await killed.stop("SIGKILL");
    lap("killed");
    const installed = await ends(0, ...args());
    if (way !== "rootfs") assert.match(installed, /remove +container 101, which was never finished/);
    lap("installed");
    processes.stop();
    assert.ok(way === "rootfs" || processes.seen().some((line) => line.startsWith("apt-get install")));
    await isWell();
    lap("well");
    await until(
      () => jobs().includes("completed"),
      () => jobs().join(),
    );
    // The guest that carries the lease stays as long as the daemon.
    await until(
      () => state.guests.size === 3,
      () => [...state.guests.keys()].join(),
    );
    lap("served a job");

    const tokenSecret = /"tokenSecret":"([^"]+)"/.exec(stage.record())?.[1] ?? "";
    const secrets: Secrets = {
      "the token's secret": tokenSecret,
      "GitHub's token": given.github,
      "the administrator's token": given.adminToken,
      "the administrator's password": given.adminPassword,
      ...Object.fromEntries(stage.passwords.map((password, at) => [`root's password ${at}`, password])),
    };
    const seen = await containers.inside(
      101,
      "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ | tr '\\0' ' '; journalctl",
    );
    assertHidden(state, secrets, {
      "what was told": stage.said(),
      "what happened": stage.audit,
      "process lists": processes.seen(),
      "the container": seen,
    });
    assert.deepEqual(filesWith(containers.root(101), secrets), [
      "etc/dispatcher/credentials/github_token",
      "etc/dispatcher/credentials/proxmox_token_secret",
    ]);
    assert.match(await containers.inside(101, "passwd -S root"), /^root (L|LK) /);
    assert.equal(
      (await containers.inside(101, "cat /root/.ssh/authorized_keys 2>/dev/null || echo none")).trim(),
      "none",
    );
    lap("no secret found");
    if (way === "console") assert.deepEqual(haOf(state), { "ct:101": "started", "vm:299": "stopped" });

    assert.match(await ends(0, ...args()), /nothing to do/);
    lap("nothing to do");
    if (way === "console") {
      const changed = start(args(), { ...settings, POLL_INTERVAL: "3" });
      assert.equal(await changed.ended, 0, changed.text());
      assert.match(changed.text(), /update +container 101 on pve1: another configuration/);
      await isWell();
      assert.deepEqual(haOf(state), { "ct:101": "started", "vm:299": "stopped" });
      lap("updated");
    }
    await ends(0, "--uninstall");
    assert.deepEqual(whole(), empty);
    assert.ok(!existsSync(containers.root(101)));
    lap("removed");
  });
}

/** What PVE's HA manager is asked about each guest that it minds. */
const haOf = ({ haResources }: PveState): unknown =>
  Object.fromEntries([...haResources.values()].map(({ sid, settings }) => [sid, settings.get("state")]));

const watch = (t: { diagnostic(text: string): void }): ((what: string) => void) => {
  let began = performance.now();
  return (what) => {
    t.diagnostic(`${what}: ${Math.round((performance.now() - began) / 1000)} s`);
    began = performance.now();
  };
};

async function isWell(): Promise<void> {
  let said = "";
  await until(
    async () => {
      const answer = await fetch(`http://${listen}/healthz`).catch(String);
      said = typeof answer === "string" ? answer : await answer.text();
      return typeof answer !== "string" && answer.ok;
    },
    () => said,
  );
}

/** Also of what was deleted from no list: the whole root file system, as it lies on the disk. */
function filesWith(root: string, secrets: Secrets): readonly string[] {
  const patterns = join(folder, "patterns");
  writeFileSync(patterns, `${Object.values(secrets).join("\n")}\n`);
  const found = run("sh", ["-c", 'grep -rlF -f "$0" . || true', patterns], { cwd: root });
  return found
    .split("\n")
    .flatMap((line) => line.replace(/^\.\//, "") || [])
    .sort();
}
