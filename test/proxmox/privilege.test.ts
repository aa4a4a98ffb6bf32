import assert from "node:assert/strict";
import { test } from "node:test";
import { missingPrivilegeIn, remedyForPrivilege, remedyForTask } from "../../src/proxmox/privilege.ts";

test("PVE's sentence names the path and each privilege that would be enough", () => {
  assert.deepEqual(
    missingPrivilegeIn("403 Permission check failed (/storage/lab, Datastore.Audit|Datastore.Allocate)\n"),
    {
      path: "/storage/lab",
      privileges: ["Datastore.Audit", "Datastore.Allocate"],
    },
  );
  assert.equal(missingPrivilegeIn("Permission check failed"), null);
});

test("a failed task comes with the grant that mends it, also where only its log tells", () => {
  const grant = "grant VM.Config.CPU on /vms/101 to the token (and to its user)";
  const sentence = "403 Permission check failed (/vms/101, VM.Config.CPU)";
  assert.equal(remedyForTask(sentence, []), grant);
  assert.equal(remedyForTask("clone failed", ["first", `TASK ERROR: ${sentence}`]), grant);
  assert.match(remedyForTask("403 Permission check failed", []) ?? "", /^grant the privileges/);
  assert.equal(remedyForTask("got timeout", ["TASK ERROR: got timeout"]), null);
});

test("a check that PVE does not tell is told by the call", () => {
  const remedyOf = (path: string): string => remedyForPrivilege({ method: "POST", path }, "Permission check failed");
  assert.match(remedyOf("/nodes/pve1/lxc"), /^grant VM\.Allocate on the resource pool/);
  assert.match(remedyOf("/nodes/pve1/storage/lab/download-url"), /Sys\.AccessNetwork on the node/);
});

test("a resource pool that does not exist is no missing privilege", () => {
  const sentence = "Permission check failed (pool 'nosuch' does not exist)";
  const remedy = remedyForPrivilege({ method: "POST", path: "/nodes/pve1/qemu/9000/clone" }, sentence);
  assert.equal(remedy, "make the resource pool nosuch, or name one that exists");
});

test("what only root may set, or only a ticket may do, is no privilege to grant", () => {
  const ticket = "Permission check failed (URI '/access/ticket' not available with API token, need proper ticket.";
  assert.match(remedyForPrivilege({ method: "POST", path: "/access/ticket" }, ticket), /^log in with a password/);
  const sentence = "Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)";
  assert.match(remedyForPrivilege({ method: "POST", path: "/nodes/pve1/lxc" }, sentence), /^leave the option out/);
});
