import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { seedImage } from "../../src/guest/seed-image.ts";
import { metaData, renderUserData } from "../../src/guest/user-data.ts";
import { withJit } from "../guest/samples.ts";
import { shipped } from "../guest/shipped.ts";
import { run, without } from "../guest/tools.ts";
import { command } from "./tools/command.ts";

const files = {
  userData: renderUserData(shipped("runner.yaml.ejs"), withJit),
  metaData: metaData({ instanceId: "ci-abcdefghij", hostname: "ci-abcdefghij" }),
};
const expected = { "meta-data": files.metaData, "user-data": files.userData };

test("a seed reads back the same where a kernel mounts it", { skip: without("isoinfo") }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), "dispatcher-seed-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const image = join(folder, "seed.iso");
  const place = join(folder, "mounted");
  writeFileSync(image, seedImage(files));
  mkdirSync(place);

  const mounted = command("mount", ["-t", "iso9660", "-o", "loop,ro", image, place]);
  if (mounted.code === 0) {
    try {
      console.log("# the seed is mounted by this machine's kernel");
      assert.deepEqual(readdirSync(place).sort(), Object.keys(expected));
      for (const [name, text] of Object.entries(expected)) assert.equal(readFileSync(join(place, name), "utf8"), text);
    } finally {
      command("umount", [place]);
    }
    return;
  }
  console.log(
    `# this machine's kernel does not mount it (${mounted.text.trim().split("\n")[0]}): isoinfo reads it, and guests of their own kernel do in npm run test:guests`,
  );
  for (const [name, text] of Object.entries(expected)) {
    assert.equal(run("isoinfo", "-i", image, "-R", "-x", `/${name}`).toString(), text);
    assert.equal(run("isoinfo", "-i", image, "-J", "-x", `/${name}`).toString(), text);
  }
});
