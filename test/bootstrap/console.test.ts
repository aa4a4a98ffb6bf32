import assert from "node:assert/strict";
import { test } from "node:test";
import { assertHidden } from "./secrets.ts";
import { githubSecret, stage, wishOf } from "./stage.ts";

test("an empty PVE gets a container whose daemon answers, and a second run changes nothing", async (t) => {
  const { run, remove, pve, containers, told, changes, whole, record } = await stage(t);
  const before = whole();
  assert.equal(await run(), "done", told.join("\n"));
  const [container, ...others] = pve.state.containers.values();
  assert.deepEqual(others, []);
  assert.ok(container?.running);
  assert.equal(container.vmid, 101);
  const root = containers.roots.get(container.vmid);
  assert.ok(root?.active && root.enabled && root.locked);
  assert.equal(await root.text("/etc/dispatcher/credentials/github_token"), githubSecret);
  assert.match((await root.text("/etc/dispatcher/dispatcher.env")) ?? "", /^PROXMOX_URL=https:\/\/pve1:8006$/m);

  const [made, count] = [whole(), changes.length];
  assert.equal(await run(), "nothing to do");
  assert.equal(changes.length, count, changes.slice(count).join("\n"));
  assert.deepEqual(whole(), made);

  assert.equal(await remove(), "done");
  assert.deepEqual(whole(), before);
  assert.equal(record.read(), null);
  assert.equal(await remove(), "nothing to do");
});

test("no secret is left where PVE's users could read it", async (t) => {
  const { run, pve, passwords, containers, record, told } = await stage(t);
  await run();
  const tokenSecret = /"tokenSecret":"([^"]+)"/.exec(record.read() ?? "")?.[1] ?? "";
  assert.equal(passwords.length, 1);
  const secrets = { "the token's secret": tokenSecret, "GitHub's token": githubSecret };
  assertHidden(pve.state, { ...secrets, "root's password": passwords[0] ?? "" }, { "what was told": told });
  const root = containers.roots.get(101);
  assert.equal(root?.keepsHistory, false);
  assert.equal(await root.text("/root/.bash_history"), null);
});

test("another configuration or package updates the same container, whose console is as before afterwards", async (t) => {
  const { run, pve, containers, told } = await stage(t);
  await run();
  assert.equal(await run({ files: wishOf({ POLL_INTERVAL: "42" }).files }), "done", told.join("\n"));
  assert.ok(told.some((line) => /^update +container 101 .*another configuration/.test(line)));
  assert.match((await containers.roots.get(101)?.text("/etc/dispatcher/dispatcher.env")) ?? "", /POLL_INTERVAL=42/);
  const [container, ...others] = pve.state.containers.values();
  assert.deepEqual(others, []);
  assert.equal(container?.config.get("cmode"), undefined);
  assert.ok(container?.running);
});

test("a bootstrap that fails takes back all that it began", async (t) => {
  const { run, whole, faults, record, told } = await stage(t);
  const before = whole();
  faults.refuse = ({ url }) =>
    url.endsWith("/termproxy") ? Response.json({ data: null }, { status: 500, statusText: "no console" }) : null;
  await assert.rejects(run(), /no console/);
  assert.deepEqual(whole(), before, told.join("\n"));
  assert.equal(record.read(), null);
});
