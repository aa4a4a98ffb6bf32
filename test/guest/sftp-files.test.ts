import assert from "node:assert/strict";
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { join } from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { DispatcherError } from "../../src/domain/errors.ts";
import { asInstanceName, asNodeName, asStorageName, asVmid } from "../../src/domain/ids.ts";
import type { SftpHost } from "../../src/domain/pool.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Clock } from "../../src/domain/time.ts";
import { createSftpFiles } from "../../src/guest/sftp-files.ts";
import { createSnippetStore } from "../../src/guest/snippets.ts";
import { type Sshd, startSshd } from "./sshd.ts";
import { run, without } from "./tools.ts";

/** No deadline passes, until the test lets all that are open pass at once. */
class Deadlines implements Clock {
  #open: (() => void)[] = [];
  now = (): number => 0;
  sleep(): Promise<void> {
    return new Promise((resolve) => this.#open.push(resolve));
  }
  pass(): void {
    for (const end of this.#open.splice(0)) end();
  }
}

const node = asNodeName("pve1");
const vmid = asVmid(204);
const seed = { vmid, node, name: "ci-abcdefghij", userData: `#cloud-config\n# größer ${"x".repeat(100_000)}\n` };
const { signal } = new AbortController();
const clock = new Deadlines();

const storeAt = (host: SftpHost, folder: string) =>
  createSnippetStore({
    storage: asStorageName("local"),
    folder,
    host,
    instance: asInstanceName("lab"),
    ranges: [{ first: asVmid(200), last: asVmid(209) }],
    node,
    files: createSftpFiles({ host, clock }),
  });

const failure = async (work: Promise<unknown>): Promise<DispatcherError> => {
  const error = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof DispatcherError, String(error));
  return error;
};

describe("snippets by SFTP, over a real sshd", { skip: without("sshd") }, () => {
  let sshd: Sshd;
  before(async () => {
    sshd = await startSshd();
  });
  after(() => sshd.close());
  afterEach(() => {
    for (const name of readdirSync(sshd.folder)) rmSync(join(sshd.folder, name), { recursive: true });
  });
  const content = (name: string): string => readFileSync(join(sshd.folder, name), "utf8");

  test("are written whole, for their owner alone, listed and removed", async () => {
    const store = storeAt(sshd.host, sshd.folder);
    const attachment = await store.put(seed, signal);
    assert.deepEqual(attachment, { kind: "cicustom", volume: "local:snippets/lab-204.yaml" });
    assert.deepEqual(readdirSync(sshd.folder), ["lab-204.yaml"]);
    assert.equal(content("lab-204.yaml"), seed.userData);
    assert.equal(statSync(join(sshd.folder, "lab-204.yaml")).mode & 0o777, 0o600);
    mkdirSync(join(sshd.folder, "lab-205.yaml"));
    const name = `snippets local at 127.0.0.1:${sshd.host.port}`;
    assert.equal(store.name, name);
    assert.deepEqual(await store.list(signal), [{ vmid, node, store: name, holdsContent: true }]);
    await store.remove(vmid, node, signal);
    assert.deepEqual(readdirSync(sshd.folder), ["lab-205.yaml"]);
    await store.remove(vmid, node, signal);
  });

  test("replace what stood there, and what a crash left unfinished", async () => {
    const store = storeAt(sshd.host, sshd.folder);
    await store.put(seed, signal);
    writeFileSync(join(sshd.folder, "lab-204.yaml.draft"), "half");
    chmodSync(join(sshd.folder, "lab-204.yaml.draft"), 0o666);
    await store.put({ ...seed, userData: "new" }, signal);
    assert.deepEqual(readdirSync(sshd.folder), ["lab-204.yaml"]);
    assert.equal(content("lab-204.yaml"), "new");
  });

  test("are wiped in place: whoever holds the old file open reads nothing any more", async () => {
    const files = createSftpFiles({ host: sshd.host, clock });
    const path = join(sshd.folder, "a");
    await files.create(path, "secret");
    await files.wipe(path);
    assert.equal(statSync(path).size, 0);
    await assert.rejects(files.create(path, "x"), { code: "EEXIST" });
    await assert.rejects(files.wipe(`${path}-none`), { code: "ENOENT" });
    await assert.rejects(files.remove(`${path}-none`), { code: "ENOENT" });
  });

  test("go over one connection, which is made anew after it fell", async () => {
    const store = storeAt(sshd.host, sshd.folder);
    await Promise.all([store.list(signal), store.list(signal), store.put(seed, signal)]);
    await sshd.stop();
    const error = await failure(store.list(signal));
    assert.equal(error.code, "unavailable");
    assert.match(
      error.message,
      /^snippets folder \S+ at \w+@127.0.0.1:\d+: connection to .*(nobody listens|closed|broke off)/,
    );
    await sshd.start();
    assert.equal((await store.list(signal)).length, 1);
  });

  test("fail in time where the host falls silent, and work again once it speaks", async () => {
    const store = storeAt(sshd.host, sshd.folder);
    await store.list(signal);
    sshd.signal("SIGSTOP");
    const waiting = failure(store.list(signal));
    await new Promise((resolve) => setImmediate(resolve));
    clock.pass();
    const error = await waiting;
    sshd.signal("SIGCONT");
    assert.equal(error.code, "timeout");
    assert.match(error.message, /no answer within 15 s$/);
    assert.deepEqual(await store.list(signal), []);
  });

  test("send nothing to a host with another key, and show the one that was seen", async () => {
    const wrong = "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg";
    const error = await failure(storeAt({ ...sshd.host, hostKey: wrong }, sshd.folder).put(seed, signal));
    assert.equal(error.code, "untrusted");
    assert.ok(error.message.includes(`its host key is ${sshd.host.hostKey}, and not ${wrong}`), error.message);
    assert.ok(error.details.remedy?.endsWith(`SNIPPETS_SFTP_HOST_KEY=${sshd.host.hostKey}`), error.details.remedy);
    assert.deepEqual(readdirSync(sshd.folder), []);
  });

  test("tell which line authorized_keys lacks", async () => {
    const error = await failure(storeAt({ ...sshd.host, privateKey: sshd.strangerKey }, sshd.folder).list(signal));
    assert.equal(error.code, "unauthorized");
    assert.match(error.details.remedy ?? "", /authorized_keys of \w+ there: ssh-ed25519 AAAA\S+$/);
  });

  test("tell a missing folder from a missing file, also before they write", async () => {
    const store = storeAt(sshd.host, `${sshd.folder}/none`);
    for (const work of [
      () => store.list(signal),
      () => store.put(seed, signal),
      () => store.remove(vmid, node, signal),
    ]) {
      const error = await failure(work());
      assert.equal(error.code, "not_found");
      assert.match(error.message, /^snippets folder \S+\/none at \w+@127.0.0.1:\d+: there is no such folder$/);
    }
  });

  test("tell a folder that is closed to the user", async () => {
    const closed = join(sshd.folder, "closed");
    mkdirSync(closed, { mode: 0o500 });
    chmodSync(closed, 0o555);
    // Whose folder it is decides nothing here: without a write bit, nobody but root may write.
    const error = await failure(storeAt(sshd.host, closed).put(seed, signal));
    assert.equal(error.code, "forbidden");
    assert.match(error.details.remedy ?? "", /permission/);
  });

  test("say so where the private key is locked by a passphrase", async () => {
    const path = join(sshd.folder, "locked");
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "passphrase", "-f", path);
    const privateKey = new Secret(readFileSync(path, "utf8"));
    const error = await failure(storeAt({ ...sshd.host, privateKey }, sshd.folder).list(signal));
    assert.equal(error.code, "invalid");
    assert.match(error.message, /private key for SFTP: it is locked by a passphrase$/);
    assert.match(error.details.remedy ?? "", /ssh-keygen -t ed25519 -N ''/);
  });
});

describe("snippets by SFTP, without a server", () => {
  const privateKey = new Secret(
    [
      "-----BEGIN OPENSSH PRIVATE KEY-----",
      "b3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZWQ",
      "-----END OPENSSH PRIVATE KEY-----",
    ].join("\n"),
  );
  const host: SftpHost = { user: "ci", address: "127.0.0.1", port: 9, privateKey, hostKey: "SHA256:x" };

  test("tell a private key that is none, without printing it", async () => {
    const error = await failure(storeAt(host, "/srv").list(signal));
    assert.equal(error.code, "invalid");
    assert.match(error.message, /^snippets folder \/srv at ci@127.0.0.1:9: private key for SFTP: /);
    assert.doesNotMatch(`${error.message} ${error.details.remedy}`, /b3Blbn/);
  });

  test("give up on whoever accepts the connection and says nothing", { skip: without("ssh-keygen") }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const heard = new Promise((resolve) => server.once("connection", resolve));
    const { port } = server.address() as AddressInfo;
    const key = run(
      "sh",
      "-c",
      "d=$(mktemp -d); ssh-keygen -q -t ed25519 -N '' -f $d/k; cat $d/k; rm -r $d",
    ).toString();
    const waiting = failure(storeAt({ ...host, port, privateKey: new Secret(key) }, "/srv").list(signal));
    await heard;
    clock.pass();
    assert.equal((await waiting).code, "timeout");
    server.close();
  });
});
