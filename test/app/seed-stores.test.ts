import assert from "node:assert/strict";
import { test } from "node:test";
import { createSeedStores } from "../../src/app/seed-stores.ts";
import { systemClock } from "../../src/app/system.ts";
import { DispatcherError, hasCode } from "../../src/domain/errors.ts";
import { asGuestName, asNodeName, asVmid } from "../../src/domain/ids.ts";
import { configOf, yamlOf } from "../config/given.ts";
import { journalOf } from "../fixtures.ts";

test("snippets go by SFTP where a host is named, and into a mounted folder elsewhere", async () => {
  const key = "-----BEGIN OPENSSH PRIVATE KEY-----\nbm9uZQ==\n-----END OPENSSH PRIVATE KEY-----\n";
  const env = {
    DELIVERY: "snippets",
    SNIPPETS_SFTP: "sftp://ci@127.0.0.1:9/srv/snippets",
    SNIPPETS_SFTP_KEY: key,
    SNIPPETS_SFTP_HOST_KEY: "SHA256:n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg",
  };
  const config = configOf(env, yamlOf("vmids: 300-309", "vmids: 310-319, snippets_dir: /no/such/folder"));
  const unused = {} as never;
  const stores = createSeedStores({
    config,
    client: unused,
    tasks: unused,
    limits: unused,
    clock: systemClock,
    journal: journalOf(),
    writer: { mustHold() {} },
  });
  const { signal } = new AbortController();
  assert.deepEqual([...stores.keys()], ["snippets local at 127.0.0.1:9", "snippets local"]);
  const [remote, mounted] = stores.values();
  assert.ok(remote !== undefined && mounted !== undefined);
  await assert.rejects(remote.list(signal), {
    message: /^snippets folder \/srv\/snippets at ci@127.0.0.1:9: private key/,
  });
  await assert.rejects(mounted.list(signal), { message: /^snippets folder \/no\/such\/folder of storage local: / });
});

test("on standby no snippet is written, blanked or removed, though no PVE is asked for it", async () => {
  const config = configOf({ DELIVERY: "snippets", SNIPPETS_DIR: "/no/such/folder" });
  const unused = {} as never;
  const [store] = createSeedStores({
    config,
    client: unused,
    tasks: unused,
    limits: unused,
    clock: systemClock,
    journal: journalOf(),
    writer: {
      mustHold(what) {
        throw new DispatcherError("standby", `${what}: not while on standby`);
      },
    },
  }).values();
  assert.ok(store);
  const { signal } = new AbortController();
  const [vmid, node] = [asVmid(200), asNodeName("pve1")];
  const standby = (error: unknown): boolean => hasCode(error, "standby");
  const put = () => store.put({ vmid, node, name: asGuestName("ci-abcdefghij"), userData: "#cloud-config" }, signal);
  await assert.rejects(async () => put(), standby);
  await assert.rejects(async () => store.blank(vmid, node, signal), standby);
  await assert.rejects(async () => store.remove(vmid, node, signal), standby);
});
