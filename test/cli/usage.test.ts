import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { cli } from "../../src/cli/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "dispatcher-cli-"));
after(() => rmSync(folder, { recursive: true }));

async function call(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  let out = "";
  let err = "";
  const code = await cli({
    args,
    env: {},
    cwd: folder,
    self: ["node"],
    stop: new AbortController().signal,
    terminal: false,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

const settings = {
  PROXMOX_URL: "https://pve.example:8006/api2/json",
  PROXMOX_NODE: "pve1",
  PROXMOX_TOKEN_ID: "dispatcher@pve!main",
  PROXMOX_TOKEN_SECRET: "pve-secret",
  GITHUB_TOKEN: "github_pat_secret",
};
writeFileSync(
  join(folder, "good.env"),
  Object.entries(settings)
    .map(([name, value]) => `${name}=${value}\n`)
    .join(""),
);

test("an unknown command, option or value is wrong usage: 2", async () => {
  for (const args of [
    ["fly"],
    ["run", "--fast"],
    ["demo", "--jobs", "none"],
    ["demo", "--delivery", "pigeon"],
    ["seed"],
  ]) {
    const { code, err } = await call(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(err, /^error: /m, args.join(" "));
  }
});

test("a near miss of a command is named", async () => {
  assert.match((await call("stauts")).err, /status/);
});

test("help and version are no failure", async () => {
  assert.equal((await call("--help")).code, 0);
  const { code, out } = await call("--version");
  assert.equal(code, 0);
  assert.match(out, /^\d+\.\d+\.\d+ \(commit \S+\)\n$/);
});

test("a configuration that cannot be used comes out whole, on stderr, and is a failure: 1", async () => {
  const { code, out, err } = await call("once", "--dry-run");
  assert.equal(code, 1);
  assert.equal(out, "");
  for (const name of ["PROXMOX_URL", "PROXMOX_NODE", "PROXMOX_TOKEN_ID", "PROXMOX_TOKEN_SECRET", "GITHUB_TOKEN"]) {
    assert.match(err, new RegExp(name));
  }
});

test("an environment file that is not there is named", async () => {
  const { code, err } = await call("run", "--env", "nowhere.env");
  assert.equal(code, 1);
  assert.match(err, /nowhere\.env/);
});

test("a seed is written for a pool without asking anybody, closed to others", async () => {
  const { code, err } = await call("seed", "--env", "good.env", "--out", "seed.iso");
  assert.equal(code, 0, err);
  const image = readFileSync(join(folder, "seed.iso"));
  assert.equal(image.subarray(16 * 2048 + 1, 16 * 2048 + 6).toString(), "CD001");
  const text = await call("seed", "--env", "good.env", "--out", "user-data", "--user-data");
  assert.equal(text.code, 0);
  assert.match(readFileSync(join(folder, "user-data"), "utf8"), /^#cloud-config\n/);
  assert.doesNotMatch(err + text.err, /secret/);
});

test("a seed for a pool that does not exist names those that do", async () => {
  const { code, err } = await call("seed", "--env", "good.env", "--out", "x", "--pool", "gpu");
  assert.equal(code, 2);
  assert.match(err, /the pools are default/);
});
