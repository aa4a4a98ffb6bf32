import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { parse } from "yaml";
import type { UserDataValues } from "../../src/guest/template-values.ts";
import { renderUserData } from "../../src/guest/user-data.ts";
import { complaint } from "./complaint.ts";
import { jitConfig, modern, token, withJit, withToken } from "./samples.ts";

describe("an ejs template", () => {
  const rendered = (text: string, values: UserDataValues = withToken): unknown =>
    parse(renderUserData(modern(`#cloud-config\na: ${text}\n`), values)).a;

  test("knows our names and the old ones", () => {
    assert.equal(rendered("<%= repo_url %> <%= repoUrl %>"), `${withToken.repoUrl} ${withToken.repoUrl}`);
    assert.equal(rendered("<%= runner_labels %>"), "self-hosted,linux,dispatcher-lab");
    assert.deepEqual(rendered("<%- yaml(runnerLabels) %>"), withToken.runnerLabels);
    assert.equal(rendered("<%= runner_name + runnerName %>"), "ci-abcdefghijci-abcdefghij");
    assert.equal(rendered("<%= hardLifetimeSeconds %>"), 3_600);
    assert.equal(rendered("<%= registration_token %>"), token);
    assert.equal(rendered("<%= credential.kind + credential.token %>"), `token${token}`);
    assert.equal(rendered("<%= jit_config %>", withJit), jitConfig);
    assert.equal(rendered("<%= credential.kind + credential.config %>", withJit), `jit${jitConfig}`);
  });

  test("leaves dollar signs to the guest's shell", () => {
    assert.equal(rendered(`'\${HOME} $(hostname) $1'`), `\${HOME} $(hostname) $1`);
  });

  test("escapes nothing for HTML", () => {
    assert.equal(rendered("<%= runnerUser %>", { ...withToken, runnerUser: "a&b<c>'d\"" }), "a&b<c>'d\"");
  });

  test("can quote any text for YAML", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (runnerUser) => {
        assert.equal(rendered("<%- yaml(runnerUser) %>", { ...withToken, runnerUser }), runnerUser);
      }),
    );
  });

  test("quotes for older YAML readers too, which fold some letters in quotes and refuse others", () => {
    const text = renderUserData(modern("#cloud-config\na: <%- yaml(runnerUser) %>\n"), {
      ...withToken,
      runnerUser: "\u0085\u2028\u007f\ufeff",
    });
    assert.match(text, /"\\u0085\\u2028\\u007f\\ufeff"/);
  });

  test("can quote any single line for a shell", () => {
    assert.equal(rendered("|\n  <%- shell(runnerUser) %>", { ...withToken, runnerUser: "it's $a" }), "'it'\\''s $a'\n");
    const several = { ...withToken, runnerUser: "a\nb" };
    assert.match(
      complaint(() => rendered("<%- shell(runnerUser) %>", several)),
      /several lines/,
    );
  });

  test("with an unknown name is refused, naming the line, the name and the one that was meant", () => {
    const said = complaint(() => rendered("\n\n  <%= runerName %>"));
    assert.match(
      said,
      /^user-data template \/etc\/new\.yaml\.ejs: line 4 uses runerName, .*did you mean runnerName\? =>/,
    );
    assert.doesNotMatch(said, /\$\$/);
  });

  test("that asks for the other kind's credential is refused instead of writing nothing", () => {
    assert.match(
      complaint(() => rendered("<%= credential.config %>")),
      /line 2 .*no value/,
    );
    assert.match(
      complaint(() => rendered("<%= registration_token %>", withJit)),
      /registers by JIT config/,
    );
  });

  test("that is not ejs is refused in one line, without advice about other tools", () => {
    for (const text of ["<%= yaml( %>", "<% if (true) { %>", "<%= a"]) {
      assert.match(
        complaint(() => rendered(text)),
        /^user-data template \S+: [^\n]+ => [^\n]+$/,
      );
      assert.doesNotMatch(
        complaint(() => rendered(text)),
        /lint/i,
      );
    }
  });
});
