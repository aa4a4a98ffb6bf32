import assert from "node:assert/strict";
import { test } from "node:test";
import { asVmid } from "../../../src/domain/ids.ts";
import {
  type BuildMarker,
  isAbandoned,
  readBuildMarker,
  withBuildMarker,
} from "../../../src/domain/images/build-marker.ts";
import { readTemplateMarker, withTemplateMarker } from "../../../src/domain/images/template-marker.ts";
import { describe, readMarker } from "../../../src/domain/marker.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import { instance, markerOf, signerOf, start } from "../../fixtures.ts";
import { templateMarkerOf } from "./samples.ts";

const signer = signerOf("key");
const vmid = asVmid(9000);

const building: BuildMarker = {
  instance,
  family: "debian-13",
  nonce: "abcdefghij",
  holder: "here:1@boot.1",
  until: start,
  phase: "claimed",
  inputs: "1",
  source: { kind: "file", name: "a.qcow2", checksum: `sha256:${"ab".repeat(32)}` },
  runnerVersion: "2.336.0",
};

test("a template's marker reads back, with words for people above it", () => {
  const marker = templateMarkerOf({ promoted: start });
  const description = withTemplateMarker("", marker, vmid, signer);
  assert.deepEqual(readTemplateMarker(description, vmid, signer), { kind: "valid", marker });
  assert.match(
    description.split("\n")[0] ?? "",
    /debian-13, generation 1, 2026-11-21, runner 2\.336\.0, .*promoted 2026/,
  );
});

test("a new promotion leaves the lines that people added, and no second marker", () => {
  const first = withTemplateMarker("Ask Jane first.", templateMarkerOf(), vmid, signer);
  const second = withTemplateMarker(`${first}\nBoots in 9 s.`, templateMarkerOf({ promoted: start }), vmid, signer);
  const lines = second.split("\n");
  assert.equal(lines.length, 4);
  assert.ok(lines.includes("Ask Jane first.") && lines.includes("Boots in 9 s."));
  assert.doesNotMatch(second, /not promoted/);
});

test("a marker that was copied to another guest, or signed by another key, proves nothing", () => {
  const description = withTemplateMarker("", templateMarkerOf(), vmid, signer);
  assert.equal(readTemplateMarker(description, asVmid(9001), signer).kind, "forged");
  assert.equal(readTemplateMarker(description, vmid, signerOf("other")).kind, "forged");
});

test("a guest, a template and a template in the making are never taken for one another", () => {
  const guest = describe(markerOf(), vmid, signer);
  const template = withTemplateMarker("", templateMarkerOf(), vmid, signer);
  const build = withBuildMarker("", building, vmid, signer);
  assert.equal(readTemplateMarker(guest, vmid, signer).kind, "none");
  assert.equal(readTemplateMarker(build, vmid, signer).kind, "none");
  assert.equal(readMarker(template, vmid, signer).kind, "none");
  assert.equal(readBuildMarker(template, vmid, signer), null);
  assert.deepEqual(readBuildMarker(build, vmid, signer), building);
});

test("a build is abandoned when its process is known to be over, or should have given up long ago", () => {
  assert.equal(
    isAbandoned(building, start - MINUTE, () => true),
    true,
  );
  assert.equal(
    isAbandoned(building, start + MINUTE, () => false),
    false,
    "clocks differ",
  );
  assert.equal(
    isAbandoned(building, start + 6 * MINUTE, () => false),
    true,
  );
});
