import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { cli } from "../../src/cli/cli.ts";
import { checkConfiguration } from "../../src/doctor/configuration.ts";
import { blocks, good, sorted, warns } from "../../src/doctor/finding.ts";
import { jsonOf, textOf } from "../../src/doctor/report.ts";
import { load, required } from "../config/given.ts";
import { environment, findingsIn } from "./clinic.ts";

const folder = mkdtempSync(join(tmpdir(), "dispatcher-doctor-"));
after(() => rmSync(folder, { recursive: true }));

async function call(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const code = await cli({
    args: ["doctor", ...args],
    env: {},
    cwd: folder,
    self: ["node"],
    stop: new AbortController().signal,
    terminal: false,
    out: (text) => {
      said.out += text;
    },
    err: (text) => {
      said.err += text;
    },
  });
  return { code, ...said };
}

const some = [
  good("tls", "the certificate is pinned"),
  warns("clock", "the clock is late", "ages are wrong", "timedatectl set-ntp true"),
  blocks("template", "there is none", "nothing can be cloned", "qm template 9000"),
];

test("people read what blocks first, each with its why and its remedy", () => {
  assert.equal(
    textOf(sorted(some)),
    [
      "blocks",
      "  template: there is none",
      "    why: nothing can be cloned",
      "    remedy: qm template 9000",
      "",
      "warns",
      "  clock: the clock is late",
      "    why: ages are wrong",
      "    remedy: timedatectl set-ntp true",
      "",
      "good",
      "  tls: the certificate is pinned",
      "",
      "1 blocks, 1 warns, 1 good",
      "",
    ].join("\n"),
  );
});

test("programs read one line of JSON with the counts and every finding", () => {
  const read = JSON.parse(jsonOf(some)) as { ok: boolean; counts: object; findings: unknown };
  assert.deepEqual(read, { ok: false, counts: { blocks: 1, warns: 1, good: 1 }, findings: some });
});

test("every problem of the configuration blocks, and the command ends with 1", async () => {
  writeFileSync(join(folder, "bad.env"), "PROXMOX_URL=nowhere\nPOLL_INTERVAL=soon\n");
  const { code, out } = await call("--env", "bad.env", "--json");
  assert.equal(code, 1);
  const { findings } = JSON.parse(out) as { findings: { level: string; subject: string; what: string }[] };
  assert.ok(findings.length >= 3);
  assert.ok(findings.every(({ level, subject }) => level === "blocks" && subject === "configuration"));
  for (const name of ["PROXMOX_URL", "POLL_INTERVAL", "PROXMOX_TOKEN_ID"]) {
    assert.ok(
      findings.some(({ what }) => what.includes(name)),
      name,
    );
  }
});

test("an environment file that is not there blocks", async () => {
  const { code, out } = await call("--env", "nowhere.env");
  assert.equal(code, 1);
  assert.match(out, /environment file nowhere\.env: there is no such file/);
});

test("wrong usage ends with 2", async () => {
  assert.equal((await call("--fast")).code, 2);
});

test("a warning of the loader is told; the one about the certificate has a finding of its own", () => {
  const loaded = load({ ...required, ...environment, PROXMOX_VERIFY_SSL: "false", RUNNER_CORE: "3" });
  const told = checkConfiguration(loaded, "dispatcher.env");
  assert.equal(told.length, 1);
  assert.ok(told[0]?.level === "warns" && /RUNNER_CORE/.test(told[0].what));
  assert.match(told[0].remedy, /dispatcher\.env/);
});

test("nothing but reads is asked for", async () => {
  const written: string[] = [];
  await findingsIn({ onChange: (call) => written.push(call) });
  assert.deepEqual(written, []);
});
