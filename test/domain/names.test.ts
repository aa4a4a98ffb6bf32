import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asVmid } from "../../src/domain/ids.ts";
import { guestNameOf, longestPrefix, newNonce, nonceIn } from "../../src/domain/naming.ts";
import { candidates, overlap, sizeOf } from "../../src/domain/vmids.ts";

const chance = { below: (limit: number): number => Math.floor(limit / 2) };

test("a name that we give is recognised as one that we may have given", () => {
  const nonce = newNonce(chance);
  assert.equal(nonceIn(guestNameOf("runner", nonce), "runner"), nonce);
});

test("a name with our prefix and another ending is not ours", () => {
  for (const name of ["runner-201", "runner-database", "runner-", "runner", "runner-ABCDEFGHIJ", "other-abcdefghij"]) {
    assert.equal(nonceIn(name, "runner"), null, name);
  }
});

test("the longest prefix still makes a DNS label", () => {
  assert.equal(guestNameOf("p".repeat(longestPrefix), newNonce(chance)).length, 63);
});

test("candidates are the range's VMIDs that are not taken, lowest first, without the lease's", () => {
  const range = { first: asVmid(200), last: asVmid(204) };
  assert.deepEqual([...candidates(range, new Set([asVmid(200), asVmid(203)]))], [201, 202]);
});

test("two ranges overlap exactly when they share a VMID", () => {
  const range = fc.tuple(fc.integer({ min: 100, max: 120 }), fc.integer({ min: 0, max: 8 }));
  fc.assert(
    fc.property(range, range, ([a, m], [b, n]) => {
      const left = { first: asVmid(a), last: asVmid(a + m) };
      const right = { first: asVmid(b), last: asVmid(b + n) };
      const all = [...candidates(left, new Set()), left.last];
      const shared = all.some((id) => id >= right.first && id <= right.last);
      assert.equal(overlap(left, right), shared);
      assert.equal(sizeOf(left), m + 1);
    }),
  );
});
