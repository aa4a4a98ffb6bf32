import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError, type ErrorCode } from "../../src/domain/errors.ts";
import { type Call, errorOfFailure, errorOfRefusal, sentenceOf } from "../../src/proxmox/errors.ts";
import { broken } from "./fake-pve.ts";

const change: Call = { method: "POST", path: "/nodes/pve1/qemu/9000/clone", mutates: true };
const question: Call = { method: "GET", path: "/nodes/pve1/qemu/101/config", mutates: false };

const refusals: readonly [status: number, sentence: string, code: ErrorCode][] = [
  [400, "Parameter verification failed.", "invalid"],
  [401, "No ticket", "unauthorized"],
  [401, "Authentication failed!", "unauthorized"],
  [403, "Permission check failed (/vms/9000, VM.Clone)", "forbidden"],
  [500, "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist", "not_found"],
  [500, "Configuration file 'nodes/pve1/lxc/220.conf' does not exist", "not_found"],
  [500, "unable to find configuration file for VM 9999 on node 'pve1'", "not_found"],
  [500, "storage 'nosuch' does not exist", "invalid"],
  [500, "volume 'lab:iso/none.iso' does not exist", "invalid"],
  [500, "bridge 'vmbr99' does not exist", "invalid"],
  [500, "hostname lookup 'nosuch' failed - failed to get address info for: nosuch", "invalid"],
  [500, "unable to create VM 101: config file already exists", "already_exists"],
  [500, "unable to create VM 9000 - VM 9000 already exists on node 'pve1'", "already_exists"],
  [500, "create pool failed: pool 'x' already exists", "already_exists"],
  [500, "checksum mismatch (file change by other user?)", "conflict"],
  [500, "detected modified configuration - file changed by other user? Try again.", "conflict"],
  [500, "VM is locked (backup)", "locked"],
  [500, "can't lock file '/var/lock/qemu-server/lock-140.conf' - got timeout", "locked"],
  [500, "VM 101 is not running", "conflict"],
  [500, "VM 101 is running - destroy failed", "conflict"],
  [500, "can't remove VM 101 - protection mode enabled", "conflict"],
  [500, "QEMU guest agent is not running", "unavailable"],
  [500, "No QEMU guest agent configured", "invalid"],
  [500, "got no worker upid - start worker failed", "unavailable"],
  [500, "Linked clone feature is not supported for 'lab:9000/vm-9000-disk-0.qcow2' (scsi0)", "invalid"],
  [500, "parameter 'storage' not allowed for linked clones", "invalid"],
  [500, "only root can set 'lock' config", "invalid"],
  [500, "snapshot name 'warm' already used", "already_exists"],
  [500, "unable to use snapshot name 'current' (reserved name)", "invalid"],
  [500, "Agent error: failed to open file '/run/none' (mode: 'r'): No such file or directory", "invalid"],
  [500, "Agent error: Invalid parameter 'pid'", "invalid"],
  [500, "volume_size_info on 'lab:iso/none.iso' failed - no format", "invalid"],
  [500, "something that nobody has seen", "internal"],
  [501, "Method 'GET /nosuch' not implemented", "invalid"],
  [404, "Not Found", "invalid"],
  [502, "Bad Gateway", "lost_answer"],
  [503, "Service Unavailable", "lost_answer"],
  [595, "Connection refused", "lost_answer"],
  [596, "Broken pipe", "lost_answer"],
  [596, "Connection timed out", "lost_answer"],
  [504, "Gateway Timeout", "lost_answer"],
];

for (const [status, sentence, code] of refusals) {
  test(`a change answered ${status} "${sentence}" is ${code}`, () => {
    const error = errorOfRefusal(change, { status, sentence, parameters: null });
    assert.equal(error.code, code);
    assert.equal(error.message, `PVE POST /nodes/pve1/qemu/9000/clone: ${sentence}`);
    assert.equal(error.details.status, status);
  });
}

test("a question answered 596 lost nothing: it is unavailable", () => {
  assert.equal(
    errorOfRefusal(question, { status: 596, sentence: "Broken pipe", parameters: null }).code,
    "unavailable",
  );
});

test("a refused parameter is named in the message and in the details", () => {
  const parameters = { vmid: "type check ('integer') failed - got 'abc'" };
  const error = errorOfRefusal(question, { status: 400, sentence: "Parameter verification failed.", parameters });
  assert.deepEqual(error.details.parameters, parameters);
  assert.match(error.message, /\(vmid: type check \('integer'\) failed - got 'abc'\)$/);
});

test("a missing privilege comes with the grant that mends it", () => {
  const remedyFor = (sentence: string, call = change): string | undefined =>
    errorOfRefusal(call, { status: 403, sentence, parameters: null }).details.remedy;
  assert.equal(
    remedyFor("Permission check failed (/vms/9000, VM.Clone)"),
    "grant VM.Clone on /vms/9000 to the token (and to its user)",
  );
  assert.equal(
    remedyFor("Permission check failed (/storage/lab, Datastore.AllocateSpace|Datastore.Audit)"),
    "grant Datastore.AllocateSpace or Datastore.Audit on /storage/lab to the token (and to its user)",
  );
  assert.match(remedyFor("Permission check failed") ?? "", /^grant VM\.Allocate on the resource pool/);
  assert.match(remedyFor("Permission check failed", question) ?? "", /^grant the privileges that this call needs/);
});

const failures: readonly [code: string, ofChange: ErrorCode, ofQuestion: ErrorCode][] = [
  ["ECONNREFUSED", "unavailable", "unavailable"],
  ["ENOTFOUND", "unavailable", "unavailable"],
  ["UND_ERR_CONNECT_TIMEOUT", "unavailable", "unavailable"],
  ["ECONNRESET", "lost_answer", "unavailable"],
  ["UND_ERR_SOCKET", "lost_answer", "unavailable"],
];

for (const [code, ofChange, ofQuestion] of failures) {
  test(`${code} is ${ofChange} for a change and ${ofQuestion} for a question`, () => {
    assert.equal(errorOfFailure(change, broken(code)).code, ofChange);
    assert.equal(errorOfFailure(question, broken(code)).code, ofQuestion);
  });
}

test("an error that is already in our words passes through unchanged", () => {
  const untrusted = new DispatcherError("untrusted", "PVE at https://pve.test: its certificate is self-signed");
  assert.equal(errorOfFailure(change, new TypeError("fetch failed", { cause: untrusted })), untrusted);
});

test("the sentence is the reason phrase, else the body's first line, else the standard phrase", () => {
  assert.equal(sentenceOf(500, "VM is locked (backup)", "other\n"), "VM is locked (backup)");
  assert.equal(sentenceOf(500, "", "VM is locked (backup)\nmore\n"), "VM is locked (backup)");
  assert.equal(sentenceOf(500, "Internal Server Error", "VM is locked (backup)\n"), "VM is locked (backup)");
  assert.equal(sentenceOf(503, "Service Unavailable", null), "Service Unavailable");
});

test("what a storage refuses comes with the way out, and other sentences with none", () => {
  const remedyOf = (sentence: string) =>
    errorOfRefusal(change, { status: 500, sentence, parameters: null }).details.remedy;
  assert.match(remedyOf("storage 'seeds' does not support 'iso' content") ?? "", /content iso on storage seeds/);
  assert.match(remedyOf("cp: error writing '/x.iso': No space left on device") ?? "", /make room/);
  assert.equal(remedyOf("storage 'nosuch' does not exist"), undefined);
});
