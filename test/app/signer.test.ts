import assert from "node:assert/strict";
import { test } from "node:test";
import { inspect } from "node:util";
import { redact } from "../../src/app/redact.ts";
import { createSigner } from "../../src/app/signer.ts";
import { Secret } from "../../src/domain/secret.ts";

const tokenSecret = new Secret("token-secret");
const old = new Secret("old");

test("the key comes from the PVE token's secret when there is no other", () => {
  const one = createSigner({ current: null, previous: null, tokenSecret });
  const same = createSigner({ current: null, previous: null, tokenSecret: new Secret("token-secret") });
  const other = createSigner({ current: null, previous: null, tokenSecret: new Secret("another") });
  assert.ok(same.verify("text", one.sign("text")));
  assert.ok(!other.verify("text", one.sign("text")));
  assert.ok(!one.verify("text2", one.sign("text")));
});

test("after a rotation the previous key still proves, and the new one signs", () => {
  const before = createSigner({ current: old, previous: null, tokenSecret });
  const after = createSigner({ current: new Secret("new"), previous: old, tokenSecret });
  assert.ok(after.verify("text", before.sign("text")));
  assert.ok(!before.verify("text", after.sign("text")));
});

test("a first key of one's own keeps the guests signed without one", () => {
  const derived = createSigner({ current: null, previous: null, tokenSecret });
  const keyed = createSigner({ current: new Secret("new"), previous: null, tokenSecret });
  assert.ok(keyed.verify("text", derived.sign("text")));
});

test("a secret does not print in any way that prints", () => {
  const secret = new Secret("hunter2");
  for (const text of [
    `${secret}`,
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ a: [secret] }, { depth: 9 }),
  ]) {
    assert.ok(!text.includes("hunter2"), text);
  }
  assert.equal(secret.reveal(), "hunter2");
});

test("what looks like a secret in a text from outside is struck out", () => {
  const jwt = `eyJ${"a".repeat(30)}.${"b".repeat(20)}`;
  for (const secret of ["ghp_abc123", "github_pat_11AA_bb", "PVEAPIToken=a@b!c=d-e", "RemoteAuth AABBCC", jwt]) {
    assert.equal(redact(`before ${secret} after`), "before [secret] after");
  }
});
