import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { test } from "node:test";
import { MINUTE } from "../../../src/domain/time.ts";
import { readVolume } from "../../../src/emulator/guest/iso9660.ts";
import { isoOf, type Names } from "./iso.ts";
import { drive, lab, seed } from "./lab.ts";

for (const names of ["rock ridge", "joliet", "plain"] as const satisfies readonly Names[]) {
  test(`a volume with ${names} names gives its label and files`, () => {
    const volume = readVolume(
      isoOf("CIDATA", { "user-data": "#cloud-config\n", "meta-data": "x".repeat(5_000) }, names),
    );
    assert.equal(volume?.label, "CIDATA");
    assert.equal(Buffer.from(volume?.files.get("user-data") ?? []).toString(), "#cloud-config\n");
    assert.equal(volume?.files.get("meta-data")?.length, 5_000);
  });
}

test("what is no volume, or ends too early, is none", () => {
  assert.equal(readVolume(new Uint8Array(400_000)), null);
  assert.equal(readVolume(new Uint8Array(0)), null);
  assert.equal(readVolume(isoOf("cidata", { "user-data": "x".repeat(9_000) }).subarray(0, 22 * 2_048)), null);
});

const touch = (path: string): string => `#cloud-config\nruncmd:\n  - touch ${path}\n`;

test("of two volumes the one in the higher slot wins, silently", async () => {
  const { boot, time } = lab();
  const lower = boot({ ide0: seed(touch("/run/iso")), ide2: drive(touch("/run/pve")) });
  const higher = boot({ ide3: seed(touch("/run/iso")), ide2: drive(touch("/run/pve")) });
  await time.pass(MINUTE);
  assert.deepEqual([await lower.text("/run/iso"), await lower.text("/run/pve")], [null, ""]);
  assert.deepEqual([await higher.text("/run/iso"), await higher.text("/run/pve")], ["", null]);
});

test("without a data source nothing runs: no medium, another label, a blank, a missing meta-data", async () => {
  const { boot, time } = lab();
  const half = { kind: "image", bytes: isoOf("cidata", { "user-data": touch("/run/x") }) } as const;
  const blank = { kind: "image", bytes: new Uint8Array(376_832) } as const;
  const guests = [
    boot({}),
    boot({ ide2: seed(touch("/run/x"), "other") }),
    boot({ ide2: blank }),
    boot({ ide2: half }),
  ];
  await time.pass(MINUTE);
  for (const guest of guests) {
    assert.equal(await guest.text("/run/x"), null);
    assert.equal(guest.notes().at(-1), "cloud-init: no data source");
  }
});

test("broken user-data runs nothing, and the audit says what is wrong", async () => {
  const { seeded, time } = lab();
  const broken: readonly [string, RegExp][] = [
    ["runcmd:\n  - touch /run/x\n", /does not begin with #cloud-config/],
    ["#cloud-config\nruncmd:\n  - touch /run/x\n bad: [\n", /it is not YAML/],
    ["#cloud-config\nruncmd: touch /run/x\n", /runcmd/],
    ["", /it is empty/],
  ];
  for (const [userData, why] of broken) {
    const guest = seeded(userData);
    await time.pass(MINUTE);
    assert.equal(await guest.text("/run/x"), null);
    assert.match(String(guest.notes().at(-1)), why);
  }
});
