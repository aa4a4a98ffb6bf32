import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { command, lacks } from "./tools/command.ts";
import { imageFolder } from "./tools/images.ts";

const units = ["dispatcher-runner.service", "dispatcher-arm.path"];

/** A root file system that has what the units start, and nothing else. */
function rootWith(change: (text: string) => void = () => {}): { readonly root: string; readonly units: string } {
  const root = mkdtempSync(join(tmpdir(), "dispatcher-units-"));
  const folder = join(root, "etc/systemd/system");
  for (const path of [
    folder,
    join(root, "opt/dispatcher"),
    join(root, "usr/bin"),
    join(root, "usr/lib/systemd/system"),
  ]) {
    mkdirSync(path, { recursive: true });
  }
  cpSync(join(imageFolder, "run-once"), join(root, "opt/dispatcher/run-once"), { mode: 0 });
  command("chmod", ["0755", join(root, "opt/dispatcher/run-once")]);
  writeFileSync(join(root, "usr/bin/systemctl"), "#!/bin/sh\n", { mode: 0o755 });
  for (const target of ["sysinit", "basic", "shutdown", "multi-user", "network-online", "paths"]) {
    writeFileSync(join(root, `usr/lib/systemd/system/${target}.target`), `[Unit]\nDescription=${target}\n`);
  }
  writeFileSync(
    join(root, "usr/lib/systemd/system/docker.service"),
    "[Unit]\nDescription=docker\n[Service]\nExecStart=/usr/bin/systemctl\n",
  );
  for (const unit of units) cpSync(join(imageFolder, unit), join(folder, unit));
  change(folder);
  return { root, units: folder };
}

const verify = (root: string) =>
  command("systemd-analyze", ["verify", "--man=no", "--recursive-errors=yes", `--root=${root}`, ...units]);

const skip = lacks("systemd-analyze");

test("systemd-analyze verify finds nothing in the units of an image", { skip }, (t) => {
  const { root } = rootWith();
  t.after(() => rmSync(root, { recursive: true }));
  const { code, text } = verify(root);
  assert.equal(code, 0, text);
  assert.equal(text.trim(), "");
});

test("systemd-analyze verify would find a mistake", { skip }, (t) => {
  const { root } = rootWith((folder) =>
    writeFileSync(join(folder, "dispatcher-runner.service"), "[Service]\nExecStart=relative\nTimeoutStopSec=often\n"),
  );
  t.after(() => rmSync(root, { recursive: true }));
  assert.notEqual(verify(root).text.trim(), "");
});
