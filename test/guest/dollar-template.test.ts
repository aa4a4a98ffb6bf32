import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { renderUserData } from "../../src/guest/user-data.ts";
import { complaint } from "./complaint.ts";
import { old, token, withJit, withToken } from "./samples.ts";
import { shipped } from "./shipped.ts";

describe("an old template", () => {
  const rendered = (text: string, values: UserDataValues = withToken): string =>
    renderUserData(old(`#cloud-config\na: |\n  ${text}\n`), values).slice("#cloud-config\na: |\n  ".length, -1);

  const cases: readonly (readonly [string, string])[] = [
    [`\${repo_url}`, "https://github.com/octo-org/octo-repo"],
    ["$repo_url/x", "https://github.com/octo-org/octo-repo/x"],
    [`\${registration_token}`, token],
    [`\${runner_labels}`, "self-hosted,linux,dispatcher-lab"],
    [`\${runner_name}-$runner_name`, "ci-abcdefghij-ci-abcdefghij"],
    [`\${runner_user}`, "ci"],
    ["$$HOME", "$HOME"],
    [`$\${HOME}`, `\${HOME}`],
    ["$$$runner_name", "$ci-abcdefghij"],
    ["$$$$", "$$"],
    ["nothing, 5%, {runner_name} <% %>", "nothing, 5%, {runner_name} <% %>"],
  ];
  for (const [text, expected] of cases) {
    test(`renders ${text} as Python's string.Template does`, () => assert.equal(rendered(text), expected));
  }

  test("puts values in as they are, whatever dollar signs they contain", () => {
    const values = { ...withToken, runnerName: "a$&b$$c$1" };
    assert.equal(rendered(`\${runner_name}`, values), "a$&b$$c$1");
  });

  test("with an unknown name is refused, naming the line, the name and the one that was meant", () => {
    const said = complaint(() => rendered(`x\n  \${runner_lables}`));
    assert.match(
      said,
      /^user-data template \/etc\/old\.pkrtpl: line 4 uses runner_lables, .*did you mean runner_labels\?/,
    );
    assert.match(said, /=> .*\$\$/);
  });

  test("knows names by their case, and says which one was meant", () => {
    assert.match(
      complaint(() => rendered("$REPO_URL")),
      /uses REPO_URL, .*did you mean repo_url\? =>/,
    );
  });

  for (const text of ["$(hostname)", "cost: 5$", `\${}`, `\${1}`, `\${runner_name:-x}`, "$HOME/$1", "$?"]) {
    test(`leaves ${text} to the guest's own shell`, () => assert.equal(rendered(text), text));
  }

  test("cannot use the token of a runner that registers by JIT config, and says so", () => {
    const said = complaint(() => rendered(`\${registration_token}`, withJit));
    assert.match(said, /registers by JIT config => set the pool's registration to token/);
  });

  test("that the product ships hands its four values to the old image's helper", () => {
    const config = parse(renderUserData(shipped("legacy-example.pkrtpl"), withToken));
    assert.deepEqual(config.runcmd, [
      `/opt/actions-runner/run-once.sh "${withToken.repoUrl}" "${token}" "self-hosted,linux,dispatcher-lab" "ci-abcdefghij"`,
      "systemctl poweroff",
    ]);
  });
});
