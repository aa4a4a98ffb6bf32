import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { Stage } from "../e2e/stage.ts";
import { run } from "./packages.ts";

/** Real releases side by side, a stand-in for systemctl, and a job that runs through it all. */

const stage = new Stage();
const home = join(stage.folder, "opt");
const listen = "127.0.0.1:19180";
const env = { ...process.env, STAGE: home, PATH: `${resolve("test/install")}:${process.env.PATH}` };

after(async () => {
  const pid = join(home, "pid");
  if (existsSync(pid)) run("sh", ["-c", `kill -KILL ${readFileSync(pid, "utf8").trim()} 2>/dev/null || true`]);
  await stage.close();
});

/** A release made of what lies here: `spoil` makes it a bad one. */
function release(version: string, folder: string, spoil?: (tree: string) => void): string {
  const tree = join(folder, `dispatcher-${version}`);
  mkdirSync(join(tree, "bin"), { recursive: true });
  cpSync(join(stage.folder, "dist"), join(tree, "dist"), { recursive: true });
  cpSync("templates", join(tree, "templates"), { recursive: true });
  cpSync("packaging/launcher", join(tree, "bin/dispatcher"));
  symlinkSync(resolve("node_modules"), join(tree, "node_modules"));
  const manifest = JSON.parse(readFileSync("package.json", "utf8")) as object;
  writeFileSync(join(tree, "package.json"), JSON.stringify({ ...manifest, version }));
  spoil?.(tree);
  return tree;
}

function archive(version: string, spoil?: (tree: string) => void): { readonly file: string; readonly sha256: string } {
  const folder = join(stage.folder, `made-${version}`);
  release(version, folder, spoil);
  const file = join(stage.folder, `dispatcher-${version}.tar.gz`);
  run("tar", ["-czf", file, "-C", folder, `dispatcher-${version}`]);
  return { file, sha256: createHash("sha256").update(readFileSync(file)).digest("hex") };
}

const asJson = async (): Promise<{ readonly ok: boolean; readonly version: string }> =>
  (await fetch(`http://${listen}/healthz`)).json() as Promise<{ ok: boolean; version: string }>;

/** Calls the installed program, as an operator would. */
function updateTo({ file, sha256 }: { readonly file: string; readonly sha256: string }) {
  const child = spawn(
    join(home, "current/bin/dispatcher"),
    ["update", "--from", file, "--sha256", sha256, "--env", join(stage.folder, "dispatcher.env")],
    { env, cwd: stage.folder, stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
  }
  return new Promise<{ readonly code: number | null; readonly text: string }>((resolve) =>
    child.once("close", (code) => resolve({ code, text })),
  );
}

const crash = (tree: string): void => {
  const file = join(tree, "dist/main.js");
  const main = readFileSync(file, "utf8").replace("#!/usr/bin/env node\n", "");
  writeFileSync(file, `if (process.argv[2] === "run") throw new Error("broken");\n${main}`);
};

const unwell = (tree: string): void => {
  const file = join(tree, "dist/app/health.js");
  writeFileSync(file, readFileSync(file, "utf8").replace(/ok: fresh/, "ok: false && fresh"));
};

before(async () => {
  // Built afresh: an older build would prove nothing.
  run("node_modules/.bin/tsc", ["-p", ".", "--noCheck", "--outDir", join(stage.folder, "dist")]);
  await stage.emulate({
    pve: { nodes: [{ name: "pve1" }], guests: [{ vmid: 9000, name: "linux", node: "pve1", template: true }] },
    github: {
      repositories: [{ name: "acme/app" }],
      jobs: [
        {
          repository: "acme/app",
          labels: ["self-hosted", "linux"],
          count: 1,
          name: "long",
          durationMs: 7_200_000,
          atMs: 0,
        },
      ],
    },
    dispatcher: {
      PROXMOX_NODE: "pve1",
      POLL_INTERVAL: "1",
      REPO_URL: "https://github.com/acme/app",
      RUNNER_LABELS: "linux",
      TEMPLATE_VMID: "9000",
    },
  });
  stage.writeEnv({ ...stage.env, DISPATCHER_LISTEN: listen });
  mkdirSync(join(home, "releases"), { recursive: true });
  cpSync(release("1.0.0", join(stage.folder, "made-1.0.0")), join(home, "releases/1.0.0"), {
    recursive: true,
    verbatimSymlinks: true,
  });
  symlinkSync("releases/1.0.0", join(home, "current"));
  writeFileSync(join(home, "dispatcher.env"), readFileSync(join(stage.folder, "dispatcher.env")));
  run(join(resolve("test/install"), "systemctl"), ["restart"], { env });
  await stage.until((records) => records.some((r) => r.event === "job" && r.what === "started"));
});

const present = (): string => readlinkSync(join(home, "current"));

for (const [what, version, spoil] of [
  ["ends at once", "2.0.0", crash],
  ["is not well", "2.0.1", unwell],
] as const) {
  test(`a release that ${what} is left: the old one serves again within a minute, and nothing is lost`, async () => {
    const bad = archive(version, spoil);
    const began = Date.now();
    const { code, text } = await updateTo(bad);
    const took = Math.round((Date.now() - began) / 1000);
    console.log(`${version}: ${took} s\n${text.trim()}`);
    assert.equal(code, 1, text);
    assert.match(text, /going back to 1\.0\.0/);
    assert.match(text, /back on 1\.0\.0, which runs as before/);
    assert.ok(took < 60, `${took} s`);
    assert.equal(present(), "releases/1.0.0");
    const health = await asJson();
    assert.deepEqual([health.ok, health.version], [true, "1.0.0"]);
  });
}

test("another archive than the one that is meant, and one that does not start, are refused before anything is switched", async () => {
  const good = archive("2.0.2");
  const other = await updateTo({ ...good, sha256: "0".repeat(64) });
  assert.equal(other.code, 1);
  assert.match(other.text, /its SHA-256 is/);
  const dead = await updateTo(archive("2.0.3", (tree) => writeFileSync(join(tree, "dist/main.js"), "throw 1;")));
  assert.equal(dead.code, 1);
  assert.match(dead.text, /2\.0\.3: it does not start/);
  assert.equal(present(), "releases/1.0.0");
  assert.ok(!existsSync(join(home, "releases/2.0.3")));
});

test("a good release stays, and the job that ran through all of it has not noticed", async () => {
  const { code, text } = await updateTo(archive("3.0.0"));
  assert.equal(code, 0, text);
  assert.match(text, /updated from 1\.0\.0 to 3\.0\.0/);
  assert.equal((await asJson()).version, "3.0.0");
  const fates = stage.audit().flatMap((record) => (record.event === "job" ? [record.what] : []));
  assert.deepEqual(fates, ["queued", "started"]);
  const clones = stage.audit().filter((record) => record.event === "pve" && record.call === "clone");
  assert.equal(clones.length, 1);
});
