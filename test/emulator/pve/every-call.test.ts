import assert from "node:assert/strict";
import { test } from "node:test";
import { allRoutes } from "../../../src/emulator/pve/answer.ts";
import { type Answered, Lab } from "./lab.ts";

const upid = encodeURIComponent("UPID:pve1:00000001:00000001:6B000000:x::root@pam!lab:");
const named: Readonly<Record<string, string>> = {
  ...{ node: "pve1", vmid: "100", storage: "local", volume: "iso/x.iso", upid, snapname: "snap1", poolid: "pp" },
  ...{ userid: "root@pam", tokenid: "tt", roleid: "Role", name: "set", sid: "ct:100" },
};

/** What every call that a token may make and whose path names `part` answers; `part` is `value` in it. */
async function answers(part: string | null, value: string, query: Record<string, string> = {}) {
  const lab = new Lab({ guests: [{ vmid: 100 }], resourcePools: ["pp"] });
  const found: (readonly [call: string, Answered])[] = [];
  for (const { method, path, who } of allRoutes) {
    if (who !== undefined || (part !== null && !path.includes(`{${part}`))) continue;
    const filled = path.replace(/\{(\w+)\*?\}/g, (_, name) => (name === part ? value : (named[name] ?? "")));
    const search = new URLSearchParams(query).toString();
    found.push([`${method} ${path}`, await lab.send(method, `${filled}?${search}`, {}, "root@pam!lab=secret")]);
  }
  assert.ok(found.length > 5);
  return found;
}

test("every call refuses a parameter that it does not know, and says so", async () => {
  for (const [call, { status, errors }] of await answers(null, "", { nosuch: "1" })) {
    assert.equal(status, 400, call);
    assert.equal(
      errors?.nosuch,
      "property is not defined in schema and the schema does not allow additional properties",
      call,
    );
  }
});

test("every call refuses what is no VMID", async () => {
  for (const [call, { status, errors }] of await answers("vmid", "abc")) {
    assert.deepEqual([status, errors?.vmid], [400, "type check ('integer') failed - got 'abc'"], call);
  }
  for (const [call, { status, errors }] of await answers("vmid", "7")) {
    assert.deepEqual([status, errors?.vmid], [400, "invalid format - value does not look like a valid VM ID\n"], call);
  }
});

test("every call on a node that is not there fails to find it", async () => {
  for (const [call, { status, reason }] of await answers("node", "nosuch")) {
    assert.equal(status, 500, call);
    assert.match(reason, /^hostname lookup 'nosuch' failed - failed to get address info for: nosuch: /, call);
  }
});

test("a storage that is not there is missed by every call that asks for nothing more", async () => {
  for (const [call, { status, reason }] of await answers("storage", "nosuch")) {
    if (status === 400) continue;
    assert.equal(status, 500, call);
    assert.match(reason, /storage 'nosuch' does not exist$/, call);
  }
});
