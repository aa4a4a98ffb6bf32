import assert from "node:assert/strict";
import { test } from "node:test";
import { asInstanceName, asPoolName, asVmid } from "../../src/domain/ids.ts";
import { describe, type Marker } from "../../src/domain/marker.ts";
import { type GuestFacts, type Ownership, standingOf } from "../../src/domain/ownership.ts";
import { instance, markerOf, signerOf, specOf } from "../fixtures.ts";

const signer = signerOf("key");
const own: Ownership = { instance, signer, specs: [specOf({ resourcePool: "runners" })] };

function facts(change: Partial<GuestFacts> = {}, marker: Partial<Marker> = {}): GuestFacts {
  const vmid = change.vmid ?? asVmid(201);
  return {
    vmid,
    name: "runner-abcdefghij",
    description: describe(markerOf(marker), vmid, signer),
    template: false,
    protection: false,
    resourcePool: "runners",
    ...change,
  };
}

test("a guest that passes every proof is ours", () => {
  assert.equal(standingOf(facts(), own).kind, "ours");
});

const strays: readonly [string, GuestFacts, RegExp][] = [
  ["outside the VMID range", facts({ vmid: asVmid(300) }), /outside 200-299/],
  ["in another resource pool", facts({ resourcePool: "people" }), /resource pool is people/],
  ["in no resource pool", facts({ resourcePool: null }), /resource pool is none/],
  ["in a resource pool that the token may not see", facts({ resourcePool: undefined }), /unreadable/],
  ["renamed", facts({ name: "keep-this" }), /its name is keep-this/],
  ["turned into a template", facts({ template: true }), /template/],
  ["protected after it was configured", facts({ protection: true }), /protected/],
  ["of a pool that is no longer configured", facts({}, { pool: asPoolName("gone") }), /not in the configuration/],
];
for (const [what, guest, why] of strays) {
  test(`a guest of ours that is ${what} is a stray, with a remedy`, () => {
    const standing = standingOf(guest, own);
    assert.equal(standing.kind, "stray");
    assert.match(standing.kind === "stray" ? standing.why : "", why);
    assert.ok(standing.kind === "stray" && standing.remedy.length > 0);
  });
}

test("while it is cloned, a guest's protection is its template's and does not count", () => {
  assert.equal(standingOf(facts({ protection: true }, { phase: "cloning" }), own).kind, "ours");
});

const foreign: readonly [string, GuestFacts][] = [
  ["without a marker, though name, range and resource pool fit", facts({ description: "" })],
  ["with a marker copied from another VMID", facts({ description: describe(markerOf(), asVmid(202), signer) })],
  ["with a marker of another key", facts({ description: describe(markerOf(), asVmid(201), signerOf("x")) })],
  ["of another instance", facts({}, { instance: asInstanceName("other") })],
];
for (const [what, guest] of foreign) {
  test(`a guest ${what} is foreign`, () => {
    assert.equal(standingOf(guest, own).kind, "foreign");
  });
}
