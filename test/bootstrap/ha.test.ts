import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "./stage.ts";

const newer = { form: "deb", sha256: "2".repeat(64), from: "file", bytes: Buffer.alloc(2000) } as const;
/** What the HA manager is asked while a request comes in that would be an order to it. */
const order = /\/lxc\/101\/status\/(?:start|stop)$/;

test("PVE's HA manager minds the container, keeps its hands off while it is updated, and lets it go", async (t) => {
  const { run, remove, pve, whole, faults, told, changes } = await stage(t);
  const before = whole();
  const asked = (): unknown => pve.state.haResources.get("ct:101")?.settings.get("state");
  assert.equal(await run({ ha: true }), "done", told.join("\n"));
  assert.equal(asked(), "started");
  assert.ok(told.some((line) => line.startsWith("HA: local-lvm is not shared")));
  assert.equal(await run({ ha: true }), "nothing to do");

  const meanwhile: unknown[] = [];
  faults.refuse = ({ url }) => {
    if (order.test(url)) meanwhile.push(asked());
    return null;
  };
  assert.equal(await run({ ha: true, package: newer }), "done");
  assert.deepEqual(meanwhile, ["ignored", "ignored", "ignored", "ignored"]);
  assert.equal(asked(), "started");

  meanwhile.length = 0;
  changes.length = 0;
  assert.equal(await remove(), "done");
  assert.deepEqual(meanwhile, [undefined]);
  assert.equal(changes[0], "DELETE /api2/json/cluster/ha/resources/ct%3A101");
  assert.deepEqual(whole(), before);
});

test("a container that was made without it joins later, and one that a person put to rest there is put back to rest", async (t) => {
  const { run, pve, told } = await stage(t);
  await run();
  assert.equal(pve.state.haResources.size, 0);
  assert.equal(await run({ ha: true }), "done");
  assert.ok(told.includes("make        HA resource ct:101"));
  assert.equal(await run(), "nothing to do");

  pve.state.haResources.set("ct:101", { sid: "ct:101", settings: new Map([["state", "ignored"]]) });
  assert.equal(await run({ package: newer }), "done");
  assert.equal(pve.state.haResources.get("ct:101")?.settings.get("state"), "ignored");
});

test("a login that may not see what the HA manager minds goes on as if there were none", async (t) => {
  const { run, remove, faults, whole } = await stage(t);
  const before = whole();
  faults.refuse = ({ url }) =>
    url.includes("/cluster/ha/")
      ? Response.json({ data: null }, { status: 403, statusText: "Permission check failed (/, Sys.Audit)" })
      : null;
  assert.equal(await run(), "done");
  await assert.rejects(run({ ha: true }), /Permission check failed/);
  assert.equal(await remove(), "done");
  assert.deepEqual(whole(), before);
});
