import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { configOf, load, onlyPool, problemsOf, required, warningsOf, yamlOf } from "./given.ts";

const privateKey = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE\n-----END OPENSSH PRIVATE KEY-----\n";
const hostKey = "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg";
const files = { keyfile: privateKey };
const env = {
  DELIVERY: "snippets",
  SNIPPETS_SFTP: "sftp://dispatcher@pve1.example/var/lib/vz/snippets/",
  SNIPPETS_SFTP_KEY_FILE: "keyfile",
  SNIPPETS_SFTP_HOST_KEY: hostKey,
};

describe("snippets by SFTP", () => {
  test("are described by the environment", () => {
    const { delivery } = onlyPool(configOf(env, files));
    assert.ok(delivery.kind === "snippets" && delivery.host !== null);
    const { privateKey: secret, ...host } = delivery.host;
    assert.equal(delivery.folder, "/var/lib/vz/snippets");
    assert.deepEqual(host, { user: "dispatcher", address: "pve1.example", port: 22, hostKey });
    assert.equal(secret.reveal(), privateKey);
    assert.deepEqual(warningsOf(env, files), []);
  });

  test("take the key from the variable or a systemd credential too, and another port", () => {
    const { SNIPPETS_SFTP_KEY_FILE: _, ...rest } = env;
    const sftp = "sftp://ci@[2001:db8::1]:2222/srv/a%20b";
    for (const [more, texts] of [
      [{ SNIPPETS_SFTP_KEY: privateKey }, {}],
      [{ CREDENTIALS_DIRECTORY: "/run/c" }, { "/run/c/snippets_sftp_key": privateKey }],
    ] as const) {
      const { delivery } = onlyPool(configOf({ ...rest, ...more, SNIPPETS_SFTP: sftp }, texts));
      assert.ok(delivery.kind === "snippets" && delivery.host !== null);
      assert.equal(delivery.host.privateKey.reveal(), privateKey);
      assert.equal(delivery.host.address, "2001:db8::1");
      assert.equal(delivery.host.port, 2222);
      assert.equal(delivery.folder, "/srv/a b");
    }
  });

  test("are described by a pool of the file, with a key file beside it", () => {
    const yaml = yamlOf(
      `vmids: 300-309, delivery: snippets, snippets_sftp: "sftp://root@pve2/srv", snippets_sftp_key_file: keyfile, snippets_sftp_host_key: "${hostKey}"`,
    );
    const { delivery } = onlyPool(configOf({}, { ...yaml, ...files }));
    assert.ok(delivery.kind === "snippets" && delivery.host !== null);
    assert.equal(delivery.host.address, "pve2");
    assert.equal(delivery.host.privateKey.reveal(), privateKey);
  });

  test("give way to a mounted folder that a pool names for itself", () => {
    const yaml = yamlOf("vmids: 300-309, snippets_dir: /mnt/s", "vmids: 310-319, storage: other");
    const [own, inherited] = configOf(env, { ...yaml, ...files }).pools.map(({ delivery }) => delivery);
    assert.deepEqual(own, { kind: "snippets", storage: "local", folder: "/mnt/s", host: null });
    assert.ok(inherited?.kind === "snippets" && inherited.host?.address === "pve1.example");
  });

  test("may go to two hosts whose storages carry one name", () => {
    const at = (host: string): string => `delivery: snippets, snippets_sftp: "sftp://root@${host}/srv/${host}"`;
    const yaml = yamlOf(`vmids: 300-309, node: pve1, ${at("pve1")}`, `vmids: 310-319, node: pve2, ${at("pve2")}`);
    assert.deepEqual(problemsOf(env, { ...yaml, ...files }), []);
  });

  test("cannot go to two folders of one storage", () => {
    const yaml = yamlOf(
      "vmids: 300-309, delivery: snippets, snippets_dir: /a",
      "vmids: 310-319, delivery: snippets, snippets_dir: /b",
    );
    assert.deepEqual(problemsOf({}, yaml), [
      'dispatcher.yaml: pools[1].snippets_dir: storage local has its snippets in /a for pool "p0"; name one folder',
    ]);
  });

  test("are warned about where they are not used, or used in place of a named folder", () => {
    assert.match(
      warningsOf({ ...env, DELIVERY: "iso" }, files)[0] ?? "",
      /^SNIPPETS_SFTP: not used, since delivery is iso/,
    );
    assert.deepEqual(warningsOf({ ...env, SNIPPETS_DIR: "/s" }, files), [
      "SNIPPETS_DIR: not used, since SNIPPETS_SFTP says where snippets go; remove one of the two",
    ]);
  });

  test("tell every missing piece at once", () => {
    const problems = problemsOf({ DELIVERY: "snippets", SNIPPETS_SFTP: env.SNIPPETS_SFTP });
    assert.equal(problems.length, 2);
    assert.match(problems[0] ?? "", /^SNIPPETS_SFTP: needs SNIPPETS_SFTP_KEY_FILE as well: /);
    assert.match(problems[1] ?? "", /^SNIPPETS_SFTP: needs SNIPPETS_SFTP_HOST_KEY as well: .*ssh-keygen -lf/);
    const yaml = yamlOf('vmids: 300-309, delivery: snippets, snippets_sftp: "sftp://a@b/c", snippets_dir: /s');
    const inFile = problemsOf({}, yaml);
    assert.equal(inFile.length, 3);
    assert.match(inFile[0] ?? "", /pools\[0\].snippets_sftp: stands beside snippets_dir; keep one of them$/);
    assert.match(inFile[1] ?? "", /needs snippets_sftp_key_file or SNIPPETS_SFTP_KEY_FILE/);
  });

  const mistakes: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ SNIPPETS_SFTP: "pve1:/srv" }, /^SNIPPETS_SFTP: is no SFTP address; write sftp:/],
    [{ SNIPPETS_SFTP: "https://a@b/c" }, /^SNIPPETS_SFTP: is no SFTP address/],
    [{ SNIPPETS_SFTP: "sftp://host/srv" }, /^SNIPPETS_SFTP: names no user/],
    [{ SNIPPETS_SFTP: "sftp://me:hunter2@host/srv" }, /^SNIPPETS_SFTP: holds a password; remove it/],
    [{ SNIPPETS_SFTP: "sftp://me@host/" }, /^SNIPPETS_SFTP: names no folder/],
    [{ SNIPPETS_SFTP: "sftp://me@host" }, /^SNIPPETS_SFTP: names no folder/],
    [{ SNIPPETS_SFTP: "sftp://me@host/srv?x" }, /^SNIPPETS_SFTP: has something after/],
    [{ SNIPPETS_SFTP_HOST_KEY: "MD5:aa:bb" }, /^SNIPPETS_SFTP_HOST_KEY: "MD5:aa:bb" is no SHA-256 fingerprint/],
    [{ SNIPPETS_SFTP_HOST_KEY: "ssh-ed25519 AAAA" }, /^SNIPPETS_SFTP_HOST_KEY: is the whole key; give its fingerprint/],
    [{ SNIPPETS_SFTP_KEY_FILE: "none" }, /^SNIPPETS_SFTP_KEY: no such file: SNIPPETS_SFTP_KEY_FILE \(none\)/],
    [{ SNIPPETS_SFTP_KEY_FILE: "public" }, /^SNIPPETS_SFTP_KEY: is a public key; give the private one/],
    [{ SNIPPETS_SFTP_KEY_FILE: "noise" }, /^SNIPPETS_SFTP_KEY: holds no private key/],
    [{ SNIPPETS_SFTP_KEY: privateKey }, /^SNIPPETS_SFTP_KEY: given twice/],
  ];
  for (const [change, expected] of mistakes) {
    test(`${JSON.stringify(change).slice(0, 60)} is told with its way out`, () => {
      const problems = problemsOf({ ...env, ...change }, { ...files, public: "ssh-ed25519 AAAA me", noise: "hunter2" });
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
      assert.doesNotMatch(problems.join(), /hunter2/);
    });
  }

  test("never print their key", () => {
    const loaded = load({ ...required, ...env }, files);
    assert.ok(loaded.ok);
    assert.doesNotMatch(JSON.stringify(loaded.config), /b3BlbnNzaC/);
    assert.match(JSON.stringify(loaded.config), /"privateKey":"\[secret\]"/);
  });
});
