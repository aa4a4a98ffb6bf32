import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asVmid } from "../../src/domain/ids.ts";
import { describe, phases, readMarker, withMarker } from "../../src/domain/marker.ts";
import { markerOf, signerOf } from "../fixtures.ts";

const signer = signerOf("key");
const vmid = asVmid(201);

test("a marker that was written is read back as it was", () => {
  fc.assert(
    fc.property(
      fc.record({
        nonce: fc.stringMatching(/^[a-z2-9]{10}$/),
        phase: fc.constantFrom(...phases),
        created: fc.integer({ min: 0, max: 4e12 }),
      }),
      (change) => {
        const marker = markerOf(change);
        assert.deepEqual(readMarker(describe(marker, vmid, signer), vmid, signer), { kind: "valid", marker });
      },
    ),
  );
});

test("a description copied to another VMID proves nothing", () => {
  const description = describe(markerOf(), vmid, signer);
  assert.equal(readMarker(description, asVmid(202), signer).kind, "forged");
});

test("a marker signed with another key is forged", () => {
  assert.equal(readMarker(describe(markerOf(), vmid, signerOf("other")), vmid, signer).kind, "forged");
});

test("a marker whose phase was edited is forged", () => {
  const edited = describe(markerOf({ phase: "armed" }), vmid, signer).replace('"armed"', '"cloned"');
  assert.equal(readMarker(edited, vmid, signer).kind, "forged");
});

test("a new phase keeps the lines that people added", () => {
  const noted = `${describe(markerOf({ phase: "cloning" }), vmid, signer)}\nask Ada before touching`;
  const next = withMarker(noted, markerOf({ phase: "cloned" }), vmid, signer);
  assert.match(next, /ask Ada before touching$/);
  const read = readMarker(next, vmid, signer);
  assert.equal(read.kind === "valid" && read.marker.phase, "cloned");
  assert.equal(next.split("\n").length, noted.split("\n").length);
});

test("text without a marker, or with a broken one, is no marker", () => {
  for (const description of ["", "a web server", '{"dispatcher":', '{"other":1}']) {
    assert.equal(readMarker(description, vmid, signer).kind, "none", description);
  }
});
