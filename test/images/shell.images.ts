import assert from "node:assert/strict";
import { test } from "node:test";
import { command, lacks } from "./tools/command.ts";
import { atRoot, productFiles, textOf } from "./tools/images.ts";

const scripts = productFiles("templates", "packer", "scripts", "packaging", ".ci").filter((path) =>
  /^#!.*\b(ba|da)?sh\b/.test(textOf(path)),
);

test("there are shell scripts to look at, run-once and install.sh among them", () => {
  for (const name of ["run-once", "install.sh", "clean.sh", "job-started.sh", "job-completed.sh"]) {
    assert.ok(scripts.includes(`templates/image/${name}`), `${name} is not among ${scripts.join(", ")}`);
  }
});

for (const script of scripts) {
  test(`shellcheck finds nothing in ${script}`, { skip: lacks("shellcheck") }, () => {
    const { code, text } = command("shellcheck", ["--severity=style", "--external-sources", script], {
      cwd: atRoot("."),
    });
    assert.equal(code, 0, text);
  });
}

test("shellcheck would find a mistake", { skip: lacks("shellcheck") }, () => {
  assert.equal(command("shellcheck", ["-"], { input: "#!/bin/bash\nrm -rf $1/*\n" }).code, 1);
});
