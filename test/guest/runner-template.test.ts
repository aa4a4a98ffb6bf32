import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { credentialFile } from "../../src/guest/credential-file.ts";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { renderUserData } from "../../src/guest/user-data.ts";
import { complaint } from "./complaint.ts";
import { jitConfig, modern, token, withJit, withToken } from "./samples.ts";
import { imageFiles, shipped } from "./shipped.ts";

interface CloudConfig {
  readonly hostname: string;
  readonly users: readonly unknown[];
  readonly bootcmd: readonly (readonly string[])[];
  readonly write_files: readonly { readonly path: string; readonly permissions: string; readonly content: string }[];
  readonly runcmd: readonly string[];
}

const render = (values: UserDataValues): string => renderUserData(shipped("runner.yaml.ejs"), values);
const configOf = (values: UserDataValues): CloudConfig => parse(render(values));

describe("the default user-data", () => {
  for (const [kind, values, secret] of [
    ["JIT config", withJit, jitConfig],
    ["registration token", withToken, token],
  ] as const) {
    test(`contains the ${kind} once, in a file in memory for root alone`, () => {
      assert.equal(render(values).split(secret).length, 2);
      const config = configOf(values);
      assert.deepEqual(config.bootcmd.at(-1), ["chmod", "0700", "/run/dispatcher"]);
      assert.deepEqual(config.write_files[0], {
        path: "/run/dispatcher/credential",
        permissions: "0600",
        content: credentialFile(values).reveal(),
      });
    });
  }

  test("asks nothing of the image but the runner: it names the guest, makes the user and brings every file", () => {
    const config = configOf(withJit);
    assert.equal(config.hostname, "ci-abcdefghij");
    assert.deepEqual(config.users.at(-1), {
      name: "ci",
      gecos: "Runs the jobs",
      shell: "/bin/bash",
      lock_passwd: true,
      sudo: "ALL=(ALL) NOPASSWD:ALL",
    });
    const brought = config.write_files.slice(1).map(({ path, permissions, content }) => {
      const name = path.split("/").at(-1) ?? "";
      assert.equal(content, imageFiles.get(name), `${name} is not as it is in templates/image`);
      return `${permissions} ${path.replace("/run/dispatcher/brought", "")}`;
    });
    assert.deepEqual(brought, [
      "0755 /opt/dispatcher/run-once",
      "0755 /opt/dispatcher/job-started.sh",
      "0755 /opt/dispatcher/job-completed.sh",
      "0644 /etc/systemd/system/dispatcher-runner.service",
    ]);
  });
});

describe("the credential file", () => {
  test("has a line for each thing that run-once needs, and labels where a token registers", () => {
    const text = (values: UserDataValues): string => credentialFile(values).reveal();
    const shared = "url=https://github.com/octo-org/octo-repo\nname=ci-abcdefghij\nuser=ci\n";
    assert.equal(text(withJit), `kind=jit\ncredential=${jitConfig}\nseconds=90000\n${shared}`);
    const labels = withToken.runnerLabels.join(",");
    assert.equal(text(withToken), `kind=token\ncredential=${token}\nseconds=90000\n${shared}labels=${labels}\n`);
    assert.equal(`${credentialFile(withJit)}`.includes(jitConfig), false);
  });

  test("refuses a value that would be read as another line", () => {
    const odd = { ...withJit, runnerName: "a\nkind=token" };
    assert.match(
      complaint(() => credentialFile(odd)),
      /^credential file name: its value has more than one line/,
    );
  });
});

describe("image()", () => {
  test("gives templates the files of templates/image, and names one that is not there", () => {
    const template = modern('#cloud-config\na: <%- block(image("job-started.sh"), 2) %>\nb: <%= jit_config %>\n');
    const text = renderUserData({ ...template, image: imageFiles }, withJit);
    assert.equal(parse(text).a, imageFiles.get("job-started.sh"));
    assert.match(
      complaint(() => renderUserData(template, withJit)),
      /there is no file job-started\.sh in templates\/image/,
    );
  });
});

test("block() refuses what a block of YAML would change", () => {
  for (const text of ["a\tb\\n", "no end", "two ends\\n\\n", "é\\n"]) {
    const template = modern(`#cloud-config\na: <%- block("${text}", 2) %>\n`);
    assert.match(
      complaint(() => renderUserData(template, withJit)),
      /block\(\) takes lines of plain ASCII/,
    );
  }
});
