import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { guestFiles } from "../../src/domain/runners/guest-files.ts";
import { command, has, lacks, type Outcome } from "./tools/command.ts";
import { atRoot, productFiles, textOf, windowsFolder } from "./tools/images.ts";
import { pythonWithParsers, runScript } from "./tools/python.ts";
import { flawsOfXml } from "./tools/xml.ts";

const scripts = productFiles("templates/windows", "packer/windows-2022").filter((path) => path.endsWith(".ps1"));
const folder = mkdtempSync(join(tmpdir(), "dispatcher-windows-"));
after(() => rmSync(folder, { recursive: true }));

/** PowerShell itself where the machine has it, else a grammar of it. */
let parse: ((path: string) => Outcome) | null = null;
let missing = "";

before(() => {
  if (has("pwsh")) {
    console.log("# PowerShell is parsed by pwsh");
    parse = (path) => command("pwsh", ["-NoProfile", "-NonInteractive", "-Command", parser], { env: { SCRIPT: path } });
    return;
  }
  const found = pythonWithParsers();
  if ("missing" in found) missing = `no pwsh, and ${found.missing}`;
  else {
    console.log(
      "# no pwsh here (no registry that is reachable offers it): PowerShell is parsed by tree-sitter-powershell",
    );
    parse = (path) => runScript(found.python, "powershell.py", [path]);
  }
});

const parser = `
$found = $null
[void] [System.Management.Automation.Language.Parser]::ParseFile($env:SCRIPT, [ref] $null, [ref] $found)
$found | ForEach-Object { "$($_.Extent.StartLineNumber): $($_.Message)" }
exit $found.Count
`;

for (const script of scripts) {
  test(`${script} is PowerShell`, (t) => {
    if (parse === null) {
      assert.notEqual(process.env.REQUIRE_TOOLS, "1", missing);
      t.skip(missing);
      return;
    }
    const { code, text } = parse(atRoot(script));
    assert.equal(code, 0, text);
  });
}

test("the parser would find a mistake in PowerShell", (t) => {
  if (parse === null) {
    t.skip(missing);
    return;
  }
  const path = join(folder, "wrong.ps1");
  writeFileSync(path, textOf("templates/windows/arm.ps1").replace("finally {", "finally"));
  assert.notEqual(parse(path).code, 0);
});

test("what the guest and the dispatcher write on Windows has the same names on both sides", () => {
  const arm = textOf("templates/windows/arm.ps1");
  const runOnce = textOf("templates/windows/run-once.ps1");
  for (const [what, path] of Object.entries(guestFiles.windows)) {
    const [runs, name] = [path.slice(0, path.lastIndexOf("\\")), path.slice(path.lastIndexOf("\\") + 1)];
    for (const text of [arm, runOnce]) assert.ok(text.includes(`$runs = '${runs}'`), what);
    assert.ok(arm.includes(`$runs\\${name}"`), what);
  }
  assert.ok(textOf("templates/runner-windows.yaml.ejs").includes(`path: ${guestFiles.windows.credential}\n`));
  assert.ok(textOf("templates/runner-windows.yaml.ejs").includes(`path: ${guestFiles.windows.ready}\n`));
});

test("run-once removes the credential before it starts anything, and no argument carries the secret", () => {
  const text = textOf("templates/windows/run-once.ps1");
  assert.ok(text.indexOf('Remove-Item "$runs\\credential"') < text.indexOf("$code = Start-Listener $arguments"));
  assert.doesNotMatch(text, /\.Arguments = [^\n]*\$secret|--jitconfig|--token/i);
});

test("the settings of sysprep are well-formed XML", { skip: lacks("python3") }, () => {
  assert.equal(flawsOfXml(textOf("templates/windows/Unattend.xml")), "");
});

for (const name of ["cloudbase-init.conf", "cloudbase-init-unattend.conf"]) {
  test(`${name} reads NoCloud and PVE's own drive, keeps no user-data and logs none`, () => {
    const text = readFileSync(join(windowsFolder, name), "utf8");
    const settings = new Map(
      text.split("\n").flatMap((line) => {
        const [, key, value] = /^([a-z_]+)=(.*)$/.exec(line) ?? [];
        return key === undefined || value === undefined ? [] : [[key, value] as const];
      }),
    );
    assert.match(settings.get("metadata_services") ?? "", /NoCloudConfigDriveService,.*ConfigDriveService/);
    assert.equal(settings.get("debug"), "false");
    assert.equal(settings.has("userdata_save_path"), false);
    // User-data is for when Windows is set up: the restart of sysprep must not come between.
    assert.equal(/UserDataPlugin/.test(settings.get("plugins") ?? ""), name === "cloudbase-init.conf");
  });
}
