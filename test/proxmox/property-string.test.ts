import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import {
  bareValueOf,
  formatProperties,
  parseProperties,
  propertyOf,
  withProperty,
} from "../../src/proxmox/property-string.ts";

test("a property string is read in its order", () => {
  assert.deepEqual(parseProperties("local:iso/x.iso,media=cdrom,size=4M"), [
    { key: null, value: "local:iso/x.iso" },
    { key: "media", value: "cdrom" },
    { key: "size", value: "4M" },
  ]);
  assert.deepEqual(parseProperties("virtio=BC:24:11:52:63:78,bridge=vmbr0,x=a=b").at(-1), { key: "x", value: "a=b" });
});

test("any text is written back as it was read", () => {
  const piece = fc.string({ unit: fc.constantFrom("a", "=", ",", ":", " ", "é", "1"), maxLength: 30 });
  fc.assert(fc.property(piece, (text) => formatProperties(parseProperties(text)) === text));
});

test("a property is found by its key, a volume by having none", () => {
  const drive = parseProperties("none,media=cdrom");
  assert.equal(bareValueOf(drive), "none");
  assert.equal(propertyOf(drive, "media"), "cdrom");
  assert.equal(propertyOf(drive, "size"), null);
});

test("a changed property keeps its place and a new one comes last", () => {
  const net = parseProperties("virtio=BC:24:11:52:63:78,bridge=vmbr0,firewall=1");
  assert.equal(
    formatProperties(withProperty(net, "bridge", "vmbr1")),
    "virtio=BC:24:11:52:63:78,bridge=vmbr1,firewall=1",
  );
  assert.equal(
    formatProperties(withProperty(net, "tag", "20")),
    "virtio=BC:24:11:52:63:78,bridge=vmbr0,firewall=1,tag=20",
  );
});
