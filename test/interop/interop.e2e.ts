import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { Stage } from "../e2e/stage.ts";

/**
 * A client that does not know us: Python's proxmoxer clones, configures, starts, stops and deletes a guest on the
 * pretended PVE, over TLS that it verifies.
 */

const packages = ["proxmoxer==2.3.0", "requests==2.32.5"];
const script = join(import.meta.dirname, "interop.py");
const run = promisify(execFile);

const folder = mkdtempSync(join(tmpdir(), "dispatcher-interop-"));
const python = join(folder, "venv/bin/python");
/** Why there is no proxmoxer here; null where there is. */
let missing: string | null = null;

before(async () => {
  try {
    await run("python3", ["-m", "venv", join(folder, "venv")]);
    const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
    await run(python, ["-m", "pip", "install", ...quiet, ...packages], { timeout: 120_000 });
  } catch (error) {
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    const why = `${error}\n${stdout}\n${stderr}`.trim().split("\n").at(-1);
    missing = `python3 with venv and pip could not provide ${packages.join(" and ")} (Debian: python3-venv): ${why}`;
  }
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What a guest's life must have told, whichever generation is pretended. */
const done = (type: string) => ({ type, exitstatus: "OK", log: "TASK OK" });
const refusedWith = (sentence: string) => ({ status: 500, errors: null, sentence });
const missingGuest = "Configuration file 'nodes/pve1/qemu-server/5001.conf' does not exist";

for (const generation of ["8.4", "9.2"]) {
  test(`proxmoxer leads a guest through its life on an emulated PVE ${generation}`, async (t) => {
    if (missing !== null) {
      assert.notEqual(process.env.REQUIRE_TOOLS, "1", missing);
      t.skip(missing);
      return;
    }
    const stage = new Stage();
    t.after(() => stage.close());
    await stage.emulate({
      pve: {
        generation,
        nodes: [{ name: "pve1" }],
        guests: [
          { vmid: 9000, name: "base", template: true },
          { vmid: 200, name: "somebody-elses" },
        ],
      },
      github: { repositories: [{ name: "octo/demo" }] },
    });
    const { PROXMOX_URL, PROXMOX_FINGERPRINT, PROXMOX_TOKEN_ID, PROXMOX_TOKEN_SECRET } = stage.env;
    const connection = [PROXMOX_URL, PROXMOX_FINGERPRINT, PROXMOX_TOKEN_ID, PROXMOX_TOKEN_SECRET].map(String);
    const { stdout } = await run(python, [script, ...connection, "pve1", "9000", "5001"], { timeout: 120_000 });
    const { config, unknown, ...told } = JSON.parse(stdout) as Record<string, unknown> & {
      readonly config: Readonly<Record<string, unknown>>;
      readonly unknown: { readonly status: number; readonly errors: Readonly<Record<string, string>> };
    };

    assert.deepEqual(told, {
      release: generation,
      free: "5001",
      clone: done("qmclone"),
      used: { status: 400, errors: { vmid: "VM 5001 already exists" }, sentence: "Parameter verification failed." },
      put: null,
      stale: refusedWith("checksum mismatch (file change by other user?)"),
      early: refusedWith("VM 5001 is not running"),
      start: done("qmstart"),
      running: "running",
      ping: { result: {} },
      busy: refusedWith("VM 5001 is running - destroy failed"),
      stop: done("qmstop"),
      stopped: "stopped",
      delete: done("qmdestroy"),
      gone: refusedWith(missingGuest),
      left: [200, 9000],
    });
    assert.equal(unknown.status, 400);
    assert.match(unknown.errors.flavour ?? "", /^property is not defined in schema/);
    const { name, cores, memory, tags, description } = config;
    assert.deepEqual(
      { name, cores, memory, tags, description },
      { name: "interop", cores: 3, memory: "1536", tags: "a;b", description: "é\n{}" },
    );
  });
}
