import assert from "node:assert/strict";
import { test } from "node:test";
import { grantsOf } from "../../../src/emulator/pve/acl.ts";
import { type PveSpec, pveSpec } from "../../../src/emulator/pve/spec.ts";

type Access = NonNullable<PveSpec["access"]>;
const token = (id: string): PveSpec["tokens"][number] => {
  const [made] = pveSpec.parse({ tokens: [{ id, secret: "s", privileges: "acl" }] }).tokens;
  if (made === undefined) throw new Error("no token");
  return made;
};
const access: Access = {
  users: [
    {
      userid: "a@pve",
      enable: 1,
      tokens: [
        { tokenid: "whole", privsep: 0 },
        { tokenid: "apart", privsep: 1 },
      ],
    },
  ],
  roles: [
    { roleid: "Wide", privs: "VM.Audit,VM.Clone" },
    { roleid: "Deep", privs: "VM.PowerMgmt" },
  ],
  acl: [
    { path: "/", ugid: "a@pve", type: "user", roleid: "Wide", propagate: 1 },
    { path: "/vms/101", ugid: "a@pve", type: "user", roleid: "Deep", propagate: 1 },
    { path: "/pool/p", ugid: "a@pve", type: "user", roleid: "Deep", propagate: 1 },
    { path: "/", ugid: "a@pve!apart", type: "token", roleid: "Wide", propagate: 1 },
  ],
};
const names = (id: string, path: string, pool: string | null = null): string[] =>
  [...grantsOf(access, token(id), path, pool).keys()].sort();

test("a list on a deeper path replaces what comes from above", () => {
  assert.deepEqual(names("a@pve!whole", "/vms/102"), ["VM.Audit", "VM.Clone"]);
  assert.deepEqual(names("a@pve!whole", "/vms/101"), ["VM.PowerMgmt"]);
});

test("a resource pool's list adds to its guests' and reaches no further", () => {
  assert.deepEqual(names("a@pve!whole", "/vms/102", "p"), ["VM.Audit", "VM.Clone", "VM.PowerMgmt"]);
  assert.equal(grantsOf(access, token("a@pve!whole"), "/vms/102", "p").get("VM.PowerMgmt"), 0);
});

test("a separated token has what both it and its user have", () => {
  assert.deepEqual(names("a@pve!apart", "/vms/102"), ["VM.Audit", "VM.Clone"]);
  assert.deepEqual(names("a@pve!apart", "/vms/101"), []);
});

test("a user who is not known or switched off has nothing", () => {
  assert.deepEqual(names("b@pve!x", "/"), []);
});
