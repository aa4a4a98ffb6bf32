import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Secret } from "../../src/domain/secret.ts";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { renderUserData } from "../../src/guest/user-data.ts";
import { buildUserData } from "../../src/images/recipe.ts";
import { withJit, withToken } from "../guest/samples.ts";
import { shipped } from "../guest/shipped.ts";
import { command, lacks } from "./tools/command.ts";
import { imageFolder, productFiles, textOf } from "./tools/images.ts";

const skip = lacks("cloud-init");
const folder = mkdtempSync(join(tmpdir(), "dispatcher-schema-"));
after(() => rmSync(folder, { recursive: true }));

/** What cloud-init's own schema says of a text. */
function schema(text: string): { readonly code: number | null; readonly text: string } {
  const file = join(folder, "user-data");
  writeFileSync(file, text);
  return command("cloud-init", ["schema", "--config-file", file]);
}

/** One of each delivery's credential, other users, and values that want quoting. */
const kinds: Readonly<Record<string, UserDataValues>> = {
  "a JIT config": {
    ...withJit,
    credential: { kind: "jit", config: new Secret(Buffer.alloc(6_000, 7).toString("base64")) },
  },
  "a registration token for an organisation": {
    ...withToken,
    repoUrl: "https://github.com/octo-org",
    runnerUser: "ci-user_2",
    runnerLabels: ["self-hosted", "Ubuntu 24.04", "gpu=a100", "it's", '"quoted"', "größe"],
  },
};

for (const name of ["runner.yaml.ejs", "runner-windows.yaml.ejs"]) {
  for (const [kind, values] of Object.entries(kinds)) {
    test(`cloud-init's schema accepts what ${name} makes of ${kind}`, { skip }, () => {
      const { code, text } = schema(renderUserData(shipped(name), values));
      assert.equal(code, 0, text);
      assert.match(text, /Valid/);
    });
  }
}

test("cloud-init's schema accepts what the old example makes of a registration token", { skip }, () => {
  const { code, text } = schema(renderUserData(shipped("legacy-example.pkrtpl"), withToken));
  assert.equal(code, 0, text);
});

for (const proxy of [null, "http://proxy.example.com:3128"]) {
  test(`cloud-init's schema accepts the user-data of a build ${proxy === null ? "without" : "behind"} a proxy`, {
    skip,
  }, () => {
    const files = new Map(
      productFiles("templates/image").map((path) => [path.slice("templates/image/".length), textOf(path)]),
    );
    assert.ok(files.has("install.sh"), `${imageFolder} has no install.sh`);
    const recipe = {
      family: "debian-13",
      files,
      runner: { version: "2.329.0", sha256: "0".repeat(64) },
      packages: ["jq"],
      docker: true,
      runnerUser: "runner",
      proxy,
    };
    const { code, text } = schema(buildUserData(recipe));
    assert.equal(code, 0, text);
  });
}

test("cloud-init's schema would refuse a mistake", { skip }, () => {
  assert.equal(schema("#cloud-config\nruncmd: once\n").code, 1);
});
