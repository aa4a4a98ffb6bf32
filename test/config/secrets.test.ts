import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { inspect } from "node:util";
import { configOf, load, problemsOf, required } from "./given.ts";

const directory = "/run/credentials/dispatcher.service";

describe("a secret", () => {
  test("comes from its variable", () => {
    assert.equal(configOf().github.token.reveal(), "github-secret-9c2e");
    assert.equal(configOf().proxmox.tokenSecret.reveal(), "pve-secret-5b1f");
  });

  test("comes from the file that NAME_FILE names, without one line break at its end", () => {
    const env = { GITHUB_TOKEN: undefined, GITHUB_TOKEN_FILE: "token", DISPATCHER_KEY_FILE: "/keys/now" };
    const config = configOf(env, { token: "from-file\n", "/keys/now": "key\r\n" });
    assert.equal(config.github.token.reveal(), "from-file");
    assert.equal(config.key.current?.reveal(), "key");
  });

  test("comes from a systemd credential of its name in lower case", () => {
    const env = { PROXMOX_TOKEN_SECRET: undefined, GITHUB_TOKEN: "", CREDENTIALS_DIRECTORY: directory };
    const config = configOf(env, {
      [`${directory}/proxmox_token_secret`]: "credential-1\n",
      [`${directory}/github_token`]: "credential-2",
      [`${directory}/dispatcher_key`]: "credential-3",
      [`${directory}/dispatcher_key_previous`]: "credential-4",
    });
    assert.equal(config.proxmox.tokenSecret.reveal(), "credential-1");
    assert.equal(config.github.token.reveal(), "credential-2");
    assert.equal(config.key.current?.reveal(), "credential-3");
    assert.equal(config.key.previous?.reveal(), "credential-4");
  });

  test("comes from a file of the folder that our unit loads, whose name systemd puts in front", () => {
    const env = { GITHUB_TOKEN: undefined, CREDENTIALS_DIRECTORY: directory };
    const config = configOf(env, { [`${directory}/secret_github_token`]: "credential-5\n" });
    assert.equal(config.github.token.reveal(), "credential-5");
  });

  const credential = { CREDENTIALS_DIRECTORY: directory };
  const cases: readonly (readonly [string, Record<string, string | undefined>, Record<string, string>, RegExp])[] = [
    [
      "twice",
      { GITHUB_TOKEN_FILE: "t" },
      { t: "x" },
      /^GITHUB_TOKEN: given twice, by the variable and by GITHUB_TOKEN_FILE/,
    ],
    [
      "twice, once by systemd",
      credential,
      { [`${directory}/github_token`]: "x" },
      /twice.*systemd credential github_token/,
    ],
    ["by an empty variable", { DISPATCHER_KEY: "" }, {}, /^DISPATCHER_KEY: the variable is empty/],
    [
      "by an empty file",
      { GITHUB_TOKEN: "", GITHUB_TOKEN_FILE: "t" },
      { t: "\n" },
      /^GITHUB_TOKEN: GITHUB_TOKEN_FILE \(t\) is empty/,
    ],
    ["by no file", { DISPATCHER_KEY_FILE: "no" }, {}, /^DISPATCHER_KEY: no such file: DISPATCHER_KEY_FILE \(no\)/],
    ["in two lines", { GITHUB_TOKEN: "a\nhunter2" }, {}, /^GITHUB_TOKEN: the variable holds a line break/],
    ["with a space at its end", { GITHUB_TOKEN: "hunter2 " }, {}, /^GITHUB_TOKEN: .*begins or ends with a space/],
  ];
  for (const [how, env, files, expected] of cases) {
    test(`given ${how} is a problem`, () => {
      const problems = problemsOf(env, files);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
      assert.doesNotMatch(problems.join(), /hunter2/);
    });
  }

  test("never prints: not as JSON, not in a debugger, not in a problem", () => {
    const env = { ...required, DISPATCHER_KEY: "key-secret-77aa", DISPATCHER_KEY_PREVIOUS: "old-secret-66bb" };
    const loaded = load(env);
    assert.ok(loaded.ok);
    const printed = [
      JSON.stringify(loaded.config),
      inspect(loaded.config, { depth: 9 }),
      `${loaded.config.github.token}`,
    ];
    assert.doesNotMatch(printed.join(), /secret-\w{4}/);
    assert.match(JSON.stringify(loaded.config), /"token":"\[secret\]"/);

    const refused = load({ ...env, PROXMOX_URL: "http://pve", GITHUB_TOKEN_FILE: "x", LOG_LEVEL: "loud" });
    assert.ok(!refused.ok);
    assert.doesNotMatch(refused.problems.join(), /secret-\w{4}/);
  });
});
