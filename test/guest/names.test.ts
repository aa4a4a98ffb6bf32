import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { asInstanceName, asVmid } from "../../src/domain/ids.ts";
import { seedFileName, vmidOfSeed } from "../../src/guest/iso-names.ts";

const lab = asInstanceName("lab");

test("a seed's name tells its instance and its VMID", () => {
  assert.equal(seedFileName(lab, asVmid(204)), "lab-204.iso");
  assert.equal(vmidOfSeed("lab-204.iso", lab), 204);
});

test("the VMID comes back from the name for every instance and VMID", () => {
  const instance = fc.stringMatching(/^[a-z][a-z0-9-]{0,20}$/).map(asInstanceName);
  fc.assert(
    fc.property(instance, fc.integer({ min: 100, max: 999_999_999 }).map(asVmid), (name, vmid) => {
      assert.equal(vmidOfSeed(seedFileName(name, vmid), name), vmid);
    }),
  );
});

for (const name of [
  "lab-2-204.iso",
  "other-204.iso",
  "lab-204.iso.bak",
  "lab-204.img",
  "lab-0204.iso",
  "lab-99.iso",
  "lab-20x4.iso",
  "lab-.iso",
  "LAB-204.iso",
  "debian-13.iso",
  "",
]) {
  test(`"${name}" is no seed of instance lab`, () => assert.equal(vmidOfSeed(name, lab), null));
}
