import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parse } from "yaml";
import { Secret } from "../../src/domain/secret.ts";
import { seedImage } from "../../src/guest/seed-image.ts";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { checkTemplate, metaData, renderUserData, usesToken } from "../../src/guest/user-data.ts";
import { complaint } from "./complaint.ts";
import { modern, old, token, withJit, withToken } from "./samples.ts";
import { shipped } from "./shipped.ts";

describe("rendered user-data", () => {
  test("must begin with #cloud-config, or be a script", () => {
    assert.equal(
      renderUserData(old("#!/bin/sh\necho $runner_name: [\n"), withToken),
      "#!/bin/sh\necho ci-abcdefghij: [\n",
    );
    for (const text of ["runcmd: []\n", "\n#cloud-config\na: 1\n", "#cloud-config-archive\na: 1\n", ""]) {
      assert.match(
        complaint(() => renderUserData(old(text), withToken)),
        /begins neither .* => make #cloud-config/,
      );
    }
  });

  test("must be YAML: the line is named, and the text on it is not quoted", () => {
    const text = `#cloud-config\nb: 1\na: [\${registration_token}\nc: 2\n`;
    const said = complaint(() => renderUserData(old(text), withToken));
    assert.match(said, /^user-data template \/etc\/old\.pkrtpl: line 4 of the rendered text is not YAML: .* => mend/);
  });

  test("must be a mapping", () => {
    for (const text of ["#cloud-config\n", "#cloud-config\n- a\n", "#cloud-config\n$registration_token\n"]) {
      assert.match(
        complaint(() => renderUserData(old(text), withToken)),
        /no mapping =>/,
      );
    }
  });

  test("never shows the credential in an error, not even where the error would quote it", () => {
    const hostile = [
      old(`#cloud-config\na: *\${registration_token}\n`),
      old(`#cloud-config\na: &x\n \${registration_token}: *y\n`),
      old(`#cloud-config\n\${registration_token}: 1\n\${registration_token}: 2\n`),
      old(`#cloud-config\n%\${registration_token}\n`),
      old(`#cloud-config\na: !<\${registration_token}\n`),
      modern("#cloud-config\na: <%= JSON.parse(registration_token) %>\n"),
      modern("#cloud-config\n<% throw new Error(credential.token) %>\n"),
      modern("#cloud-config\n<% throw credential.token %>\n"),
      modern("#cloud-config\na: <%= eval(credential.token) %>\n"),
    ];
    for (const template of hostile) complaint(() => renderUserData(template, withToken));
  });

  test("that fails with one credential only says so, and withholds the rest", () => {
    const odd = { ...withToken, credential: { kind: "token", token: new Secret(`"${token}`) } } as const;
    assert.match(
      complaint(() => renderUserData(old('#cloud-config\na: "$registration_token"\n'), odd)),
      /withheld/,
    );
  });
});

describe("the need for a token", () => {
  for (const text of [
    `\${registration_token}`,
    "$registration_token",
    "$$$registration_token",
    "<%= registration_token %>",
    "<%-\n yaml(registration_token)\n-%>",
  ]) {
    test(`is seen in ${JSON.stringify(text)}`, () => assert.equal(usesToken(text), true));
  }
  for (const text of [
    "# registration_token",
    `$\${registration_token}`,
    `\${registration_token_url}`,
    "<%# registration_token %>",
    "<% a %> registration_token <% b %>",
    "<%= my_registration_token %>",
    "",
  ]) {
    test(`is not seen in ${JSON.stringify(text)}`, () => assert.equal(usesToken(text), false));
  }
  test("is the old example's, and not the default template's", () => {
    assert.equal(usesToken(shipped("legacy-example.pkrtpl").text), true);
    assert.equal(usesToken(shipped("runner.yaml.ejs").text), false);
  });
});

describe("the check at load", () => {
  test("accepts the templates that the product ships", () => {
    checkTemplate(shipped("runner.yaml.ejs"));
    checkTemplate(shipped("legacy-example.pkrtpl"));
  });

  test("accepts a template for one kind of credential only", () => {
    checkTemplate(modern("#cloud-config\na: <%= registration_token %>\n"));
    checkTemplate(modern("#cloud-config\na: <%= jit_config %>\n"));
    checkTemplate(old("#cloud-config\na: $jit_config\n"));
  });

  test("finds what fails for one kind of credential only", () => {
    const text = "#cloud-config\na: <%= credential.kind === 'jit' ? credential.config : credentail.token %>\n";
    assert.match(
      complaint(() => checkTemplate(modern(text))),
      /uses credentail, .* credential\? =>/,
    );
  });

  test("finds a template that never hands the credential to its runner", () => {
    assert.match(
      complaint(() => checkTemplate(old("#cloud-config\na: $runner_name\n"))),
      /no runner could register/,
    );
    assert.match(
      complaint(() => checkTemplate(modern("#cloud-config\na: 1\n"))),
      /no runner could register/,
    );
  });
});

test("meta-data is YAML whatever the names contain", () => {
  const values = { instanceId: "lab: #1", hostname: "ci-abcdefghij" };
  assert.deepEqual(parse(metaData(values)), { "instance-id": "lab: #1", "local-hostname": "ci-abcdefghij" });
});

test("one guest's user-data and image take a few milliseconds", () => {
  const template = shipped("runner.yaml.ejs");
  const values: UserDataValues = { ...withJit, credential: { kind: "jit", config: new Secret("eyJh".repeat(1_500)) } };
  const once = () => seedImage({ userData: renderUserData(template, values), metaData: "instance-id: a\n" });
  for (let i = 0; i < 20; i++) once();
  const started = process.cpuUsage();
  for (let i = 0; i < 20; i++) once();
  const used = process.cpuUsage(started);
  // Processor time, so that a busy machine does not count.
  assert.ok((used.user + used.system) / 20 < 10_000, `${(used.user + used.system) / 20} µs each`);
});
