import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { builtinTemplate, configOf, folder, onlyPool, problemsOf } from "./given.ts";

const inherited = "runners/ubuntu-2204/cloud-init/runner-user-data.pkrtpl";

const registrationWith = (text: string, env: Record<string, string> = {}) =>
  onlyPool(configOf({ USER_DATA_TEMPLATE: "t", ...env }, { t: text })).registration;

describe("the user-data template", () => {
  test("is the old dispatcher's while it is still there, otherwise the one that comes with the product", () => {
    assert.equal(onlyPool(configOf()).userDataTemplate, builtinTemplate);
    const pool = onlyPool(configOf({}, { [inherited]: `token: \${registration_token}` }));
    assert.equal(pool.userDataTemplate, `${folder}/${inherited}`);
    assert.equal(pool.registration, "token");
  });

  const texts: readonly (readonly [string, "jit" | "token"])[] = [
    [`run \${jit_config}`, "jit"],
    [`run --token \${registration_token}`, "token"],
    ["run --token $registration_token now", "token"],
    ["run --token $registration_tokens", "jit"],
    [`run --token $\${registration_token}`, "jit"],
    ["# about the registration_token", "jit"],
    ["run <%= registrationToken %>", "token"],
    ["run <%- registration_token -%>", "token"],
    ["<%# registration_token %> run <%= jitConfig %>", "jit"],
    ["<% if (credential.kind === 'jit') { %>a<% } else { %>b<% } %>", "jit"],
    ["<%% registration_token %>", "jit"],
    [`run $$$\{registration_token}`, "token"],
  ];
  for (const [text, expected] of texts) {
    test(`${JSON.stringify(text)} registers by ${expected}`, () => {
      assert.equal(registrationWith(text), expected);
    });
  }

  test("that takes whatever credential there is lets REGISTRATION choose", () => {
    assert.equal(registrationWith("<%= credential.kind %>", { REGISTRATION: "token" }), "token");
  });

  test("that asks for a registration token refuses jit", () => {
    const env = { USER_DATA_TEMPLATE: "old.pkrtpl", REGISTRATION: "jit" };
    assert.deepEqual(problemsOf(env, { "old.pkrtpl": "$registration_token" }), [
      "REGISTRATION: jit cannot work: user-data template old.pkrtpl uses a registration token; write token",
    ]);
  });
});
