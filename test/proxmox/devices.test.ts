import assert from "node:assert/strict";
import { test } from "node:test";
import { devicesOf } from "../../src/proxmox/devices.ts";
import { bareValueOf, formatProperties, propertyOf } from "../../src/proxmox/property-string.ts";

const config = {
  digest: "0d38",
  values: {
    net10: "name=eth10,bridge=vmbr1",
    net2: "name=eth0,bridge=vmbr0,hwaddr=BC:24:11:DD:3C:BC,future=1,ip=10.77.0.200/24",
    nettle: "no device",
    mp0: "lab:200/vm-200-disk-1.raw,mp=/data,backup=1,size=2G",
  },
};

test("interfaces come by number, and what we do not know of them is kept", () => {
  const interfaces = devicesOf(config, "net");
  assert.deepEqual(
    interfaces.map(({ slot }) => slot),
    ["net2", "net10"],
  );
  const written = interfaces.map(({ properties }) => formatProperties(properties));
  assert.deepEqual(written, [config.values.net2, config.values.net10]);
});

test("a mount point tells its volume and its place", () => {
  const [mount] = devicesOf(config, "mp");
  assert.equal(bareValueOf(mount?.properties ?? []), "lab:200/vm-200-disk-1.raw");
  assert.equal(propertyOf(mount?.properties ?? [], "mp"), "/data");
});
