import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configOf, problemsOf, warningsOf } from "./given.ts";

const pem = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n";
const digits = "ab".repeat(32);
const colons = digits.toUpperCase().replace(/(..)(?!$)/g, "$1:");

const trustOf = (env: Record<string, string>, files: Record<string, string> = {}) => configOf(env, files).proxmox.trust;

describe("PVE's certificate", () => {
  test("is checked with the system's CAs unless something else is said", () => {
    assert.deepEqual(trustOf({}), { kind: "system" });
    assert.deepEqual(trustOf({ PROXMOX_VERIFY_SSL: "True" }), { kind: "system" });
  });

  test("is not checked only when that is spelled out, and then with a warning", () => {
    assert.deepEqual(trustOf({ PROXMOX_VERIFY_SSL: "false" }), { kind: "none" });
    assert.match(warningsOf({ PROXMOX_VERIFY_SSL: "false" })[0] ?? "", /^PROXMOX_VERIFY_SSL: .*not checked/);
  });

  test("is checked with a CA file, named by PROXMOX_CA_CERT or by PROXMOX_VERIFY_SSL", () => {
    assert.deepEqual(trustOf({ PROXMOX_VERIFY_SSL: "ca.pem" }, { "ca.pem": pem }), { kind: "ca", pem });
    assert.deepEqual(trustOf({ PROXMOX_CA_CERT: "/ca.pem" }, { "/ca.pem": pem }), { kind: "ca", pem });
  });

  test("is pinned by a fingerprint, whatever its colons and case", () => {
    const pinned = { kind: "fingerprint", sha256: digits };
    assert.deepEqual(trustOf({ PROXMOX_FINGERPRINT: colons }), pinned);
    assert.deepEqual(trustOf({ PROXMOX_FINGERPRINT: digits }), pinned);
  });

  test("trusts the fingerprint before the CA, and the CA before PROXMOX_VERIFY_SSL", () => {
    const all = { PROXMOX_FINGERPRINT: colons, PROXMOX_CA_CERT: "ca.pem", PROXMOX_VERIFY_SSL: "false" };
    assert.equal(trustOf(all).kind, "fingerprint");
    assert.deepEqual(warningsOf(all), ["PROXMOX_CA_CERT: not used, since PROXMOX_FINGERPRINT is given"]);
    assert.deepEqual(warningsOf({ PROXMOX_FINGERPRINT: colons, PROXMOX_VERIFY_SSL: "false" }), []);
    assert.equal(trustOf({ PROXMOX_CA_CERT: "ca.pem", PROXMOX_VERIFY_SSL: "false" }, { "ca.pem": pem }).kind, "ca");
  });

  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ PROXMOX_CA_CERT: "none.pem" }, /^PROXMOX_CA_CERT: no such file: none.pem/],
    [
      { PROXMOX_VERIFY_SSL: "flase" },
      /^PROXMOX_VERIFY_SSL: "flase" is neither true nor false, nor the path of a CA file$/,
    ],
    [{ PROXMOX_CA_CERT: "key" }, /^PROXMOX_CA_CERT: key holds no certificate/],
    [{ PROXMOX_FINGERPRINT: "ab:cd" }, /^PROXMOX_FINGERPRINT: "ab:cd" is not a SHA-256 fingerprint of 64 hex digits/],
    [{ PROXMOX_FINGERPRINT: "ab".repeat(20) }, /^PROXMOX_FINGERPRINT: .*looks like SHA-1/],
  ];
  for (const [env, expected] of cases) {
    test(`${JSON.stringify(env)} is refused with its cause`, () => {
      const problems = problemsOf(env, { key: "-----BEGIN PRIVATE KEY-----" });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
    });
  }
});
