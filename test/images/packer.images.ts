import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { parse } from "yaml";
import { lacks } from "./tools/command.ts";
import { atRoot, exampleOf, images, linuxImages, packerFolder, productFiles } from "./tools/images.ts";
import { type Optioned, unknownOptions } from "./tools/options.ts";
import { buildPacker, type Packer } from "./tools/packer.ts";
import { pythonWithParsers, runScript } from "./tools/python.ts";
import { flawsOfXml } from "./tools/xml.ts";

const scratch = mkdtempSync(join(tmpdir(), "dispatcher-packer-"));
after(() => rmSync(scratch, { recursive: true }));

let packer: Packer | null = null;
let missing = "";
before(() => {
  const built = buildPacker();
  if ("missing" in built) missing = built.missing;
  else packer = built;
  console.log(packer === null ? `# no Packer: ${missing}` : `# ${packer.about}`);
});

/** Packer tells by a file's ending what is in it. */
function examples(image: string): string {
  const path = join(scratch, `${image}.pkrvars.hcl`);
  cpSync(exampleOf(image), path);
  return `-var-file=${path}`;
}

for (const image of images) {
  test(`packer validate finds nothing in ${image} with its example variables`, (t) => {
    if (packer === null) return t.skip(missing);
    const { code, text } = packer.run(["validate", examples(image), packerFolder(image)]);
    assert.equal(code, 0, text);
    assert.match(text, /The configuration is valid/);
  });

  test(`packer fmt would change nothing in ${image}`, (t) => {
    if (packer === null) return t.skip(missing);
    const { code, text } = packer.run(["fmt", "-check", "-diff", packerFolder(image)]);
    assert.equal(code, 0, text);
  });
}

test("packer validate would find a wrong option, a wrong value and a variable that its rule refuses", (t) => {
  if (packer === null) return t.skip(missing);
  const good = readFileSync(atRoot("packer/common/linux.pkr.hcl"), "utf8");
  const wrong = [
    good.replace("cloud_init  ", "cloud_initt "),
    good.replace('scsi_controller = "virtio-scsi-single"', 'scsi_controller = "lsi"'),
    good.replace('default     = "packer"', 'default     = "root"'),
  ];
  for (const text of wrong) {
    assert.notEqual(text, good);
    const folder = join(scratch, "debian-13");
    cpSync(packerFolder("debian-13"), folder, { recursive: true, dereference: true });
    writeFileSync(join(folder, "linux.pkr.hcl"), text);
    assert.notEqual(packer.run(["validate", examples("debian-13"), folder]).code, 0);
  }
});

test("Packer's own files are HCL, and use no option that the plugin's documentation does not list", (t) => {
  const found = pythonWithParsers();
  if ("missing" in found) {
    assert.notEqual(process.env.REQUIRE_TOOLS, "1", found.missing);
    return t.skip(found.missing);
  }
  const files = productFiles("packer").filter((path) => /\.hcl(\.example)?$/.test(path));
  const { code, text } = runScript(found.python, "hcl.py", files.map(atRoot));
  assert.equal(code, 0, text);
  const parsed = JSON.parse(text) as Readonly<Record<string, Optioned>>;
  assert.deepEqual(Object.values(parsed).flatMap(unknownOptions), []);
  assert.equal(Object.values(parsed).filter((file) => file.source !== undefined).length, 2, "a source was not read");
  const one = Object.values(parsed).find((file) => file.source !== undefined);
  const spoilt = JSON.parse(JSON.stringify(one).replace("io_thread", "io_threads")) as Optioned;
  assert.equal(unknownOptions(spoilt).length, 1, "a wrong option would not be found");
});

/** What a folder's expression is worth, as Packer sees it. */
function worthOf(image: string, expression: string): string | null {
  const { code, text } = packer?.run(["console", examples(image), packerFolder(image)], `${expression}\n`) ?? {};
  if (code === undefined) return null;
  assert.equal(code, 0, text);
  return text ?? "";
}

for (const image of linuxImages) {
  test(`the answers of ${image} bring the password as a hash alone, and an account that leave.sh removes`, (t) => {
    const file = image === "debian-13" ? "/preseed.cfg" : "/user-data";
    const text = worthOf(image, `local.answers["${file}"]`);
    if (text === null) return t.skip(missing);
    // Packer shows no secret: the hash is one.
    const hash = /<sensitive>/;
    assert.match(text, hash);
    assert.match(text, /sudoers\.d\/dispatcher-build/);
    assert.match(readFileSync(atRoot("packer/common/leave.sh"), "utf8"), /rm -f \/etc\/sudoers\.d\/dispatcher-build/);
    if (image === "debian-13") {
      assert.match(text, /passwd\/user-password-crypted password/);
      return;
    }
    const { autoinstall } = parse(text) as { readonly autoinstall: Readonly<Record<string, unknown>> };
    assert.equal(autoinstall.version, 1);
    assert.match(JSON.stringify(autoinstall.identity), hash);
  });
}

test("the answers to the installer of Windows are well-formed XML", { skip: lacks("python3") }, (t) => {
  const values = '{ edition = "A", product_key = "B", password = uuidv4() }';
  const text = worthOf("windows-2022", `templatefile("Autounattend.xml", ${values})`);
  if (text === null) return t.skip(missing);
  const xml = text.slice(text.indexOf("<?xml")).trim();
  assert.equal(flawsOfXml(xml), "");
  assert.match(xml, /<Value>A<\/Value>/);
  assert.notEqual(flawsOfXml(xml.replace("</unattend>", "")), "", "a mistake would not be found");
});
