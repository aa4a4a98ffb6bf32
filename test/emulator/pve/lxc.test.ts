import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab } from "./lab.ts";

const world = {
  storages: [{ name: "local" }],
  volumes: [{ storage: "local", name: "vztmpl/debian.tar.zst", size: 90_000_000 }],
};
const wish = { vmid: 200, ostemplate: "local:vztmpl/debian.tar.zst", rootfs: "local:2", unprivileged: 1 };

async function exit(lab: Lab, upid: unknown): Promise<string | undefined> {
  await lab.time.pass(60_000);
  return lab.pve.state.tasks.find(String(upid))?.end?.status;
}

test("a container is made, started, stopped and removed", async () => {
  const lab = new Lab(world);
  const root = "/nodes/pve1/lxc";
  assert.equal(await exit(lab, (await lab.post(root, { ...wish, features: "nesting=1" })).data), "OK");
  assert.equal(await exit(lab, (await lab.post(`${root}/200/status/start`)).data), "OK");
  assert.equal((await lab.post(`${root}/200/status/start`)).reason, "CT 200 already running");
  assert.equal((await lab.delete(`${root}/200`)).reason, "unable to destroy CT 200 - container is running");
  assert.equal(await exit(lab, (await lab.post(`${root}/200/status/stop`)).data), "OK");
  assert.equal(await exit(lab, (await lab.delete(`${root}/200`)).data), "OK");
  assert.equal(
    (await lab.get(`${root}/200/config`)).reason,
    "Configuration file 'nodes/pve1/lxc/200.conf' does not exist",
  );
});

test("without nesting PVE 9 ends the creation with a warning", async () => {
  const lab = new Lab(world);
  assert.equal(await exit(lab, (await lab.post("/nodes/pve1/lxc", wish)).data), "WARNINGS: 1");
});

test("containers and virtual machines share their numbers", async () => {
  const lab = new Lab({ ...world, guests: [{ vmid: 200 }] });
  assert.equal((await lab.post("/nodes/pve1/lxc", wish)).reason, "VM 200 already exists on node 'pve1'");
});
