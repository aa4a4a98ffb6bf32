import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab } from "./lab.ts";

const changed = "detected modified configuration - file changed by other user? Try again.";

for (const path of ["/nodes/pve1/config", "/nodes/pve1/qemu/100/firewall/options"]) {
  test(`of two who change ${path} with one digest, one wins`, async () => {
    const lab = new Lab({ guests: [{ vmid: 100 }] });
    const [name, first, second] = path.endsWith("config") ? ["description", "a", "b"] : ["enable", "1", "0"];
    await lab.put(path, { [name]: second });
    const { digest } = (await lab.get(path)).data as { digest: string };
    assert.equal((await lab.put(path, { [name]: first, digest })).status, 200);
    assert.deepEqual((await lab.put(path, { [name]: second, digest })).reason, changed);
    assert.match(String(((await lab.get(path)).data as Record<string, unknown>)[name]), new RegExp(`^${first}\\n?$`));
  });
}

test("a node that nobody configured says nothing, not even a digest", async () => {
  assert.deepEqual((await new Lab().get("/nodes/pve1/config")).data, {});
});

test("a set of addresses is made once, and goes with its guest", async () => {
  const lab = new Lab({ guests: [{ vmid: 100 }] });
  const path = "/nodes/pve1/qemu/100/firewall/ipset";
  assert.equal((await lab.post(path, { name: "lease", comment: "x" })).status, 200);
  const again = await lab.post(path, { name: "lease" });
  assert.deepEqual([again.status, again.errors], [400, { name: "IPSet 'lease' already exists" }]);
  assert.equal((await lab.post(path, { name: "x" })).status, 400);
  await lab.delete("/nodes/pve1/qemu/100");
  await lab.time.pass(5_000);
  assert.equal((await lab.get(path)).reason, "Configuration file 'nodes/pve1/qemu-server/100.conf' does not exist");
});

for (const generation of ["8.4", "9.2"] as const) {
  test(`a container's environment on PVE ${generation}`, async () => {
    const lab = new Lab({
      generation,
      volumes: [{ storage: "local", name: "vztmpl/debian.tar.zst", size: 1_000_000 }],
      tokens: [
        { id: "root@pam!lab", secret: "secret" },
        { id: "a@pve!audit", secret: "s", privileges: [{ path: "/", privileges: ["VM.Audit"] }] },
      ],
    });
    await lab.post("/nodes/pve1/lxc", { vmid: 200, ostemplate: "local:vztmpl/debian.tar.zst", rootfs: "local:1" });
    await lab.time.pass(5_000);
    const path = "/nodes/pve1/lxc/200/config";
    const set = await lab.put(path, { env: "A=1\0B=2" });
    if (generation === "8.4") {
      assert.match(set.errors?.env ?? "", /^property is not defined in schema/);
      return;
    }
    assert.equal(set.status, 200);
    assert.equal((await lab.put(path, { env: "1BAD" })).errors?.env, "value does not match the regex pattern");
    for (const what of ["config", "pending"]) {
      const seen = await lab.get(path.replace("config", what), "a@pve!audit=s");
      assert.equal(seen.reason, "Permission check failed (/vms/200, VM.Config.Options)");
    }
    assert.equal((await lab.put(path, { delete: "env" })).status, 200);
    assert.equal((await lab.get(path, "a@pve!audit=s")).status, 200);
  });
}
