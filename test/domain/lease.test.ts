import assert from "node:assert/strict";
import { test } from "node:test";
import { asLeaseTimes, leaseTimes } from "../../src/domain/lease.ts";
import { SECOND } from "../../src/domain/time.ts";

test("a lease is renewed every 12 s, held for 30 s after a renewal, and over after 45 s", () => {
  assert.deepEqual(leaseTimes, {
    term: 45 * SECOND,
    holding: 30 * SECOND,
    betweenRenewals: 12 * SECOND,
    betweenLooks: 2 * SECOND,
  });
});

test("times by which one lost renewal would end a lease are refused", () => {
  assert.throws(() => asLeaseTimes({ ...leaseTimes, betweenRenewals: 16 * SECOND }), /renewed every 16 s/);
});

test("times by which a lease is over while its holder's last request may be on its way are refused", () => {
  assert.throws(() => asLeaseTimes({ ...leaseTimes, holding: 31 * SECOND }), /held for 31 s, over after 45 s/);
});
