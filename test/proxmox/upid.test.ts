import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import { looksLikeUpid, parseUpid } from "../../src/proxmox/upid.ts";

test("a clone's UPID names its node, its source and the token that began it", () => {
  const upid = "UPID:pve1:00003A87:0006215E:6B014E43:qmclone:9000:gha@pve!autoscaler:";
  assert.deepEqual(parseUpid(upid), {
    upid,
    node: "pve1",
    startedAt: 1795247683_000,
    type: "qmclone",
    id: "9000",
    user: "gha@pve!autoscaler",
  });
});

test("a UPID may be without an id", () => {
  assert.equal(parseUpid("UPID:pve1:00002627:0005C604:6B014D5A:imgcopy::gha@pve!autoscaler:").id, "");
});

test("what is not a UPID is refused", () => {
  for (const text of ["", "UPID:pve1", "UPID:pve1:00002627:0005C604:6B014D5A:imgcopy::gha@pve!autoscaler", "null"]) {
    assert.equal(looksLikeUpid(text), false);
    assert.throws(
      () => parseUpid(text),
      (e) => hasCode(e, "invalid"),
    );
  }
});
