import assert from "node:assert/strict";
import { test } from "node:test";
import { findingsIn, illsOf, template } from "./clinic.ts";
import { ills, namedAlone } from "./named.ts";
import { open } from "./shift.ts";
import { type Grant, pveIn, variablesIn, type Ward } from "./ward.ts";

/** DELIVERY=agent: what it needs beside what every delivery does, and the step at which a self-test misses it. */
const steps = {
  "8.4": [["VM.Monitor", "wait for the guest"]],
  "9.2": [
    ["VM.GuestAgent.FileRead", "wait for the guest"],
    ["VM.GuestAgent.FileWrite", "write a file"],
  ],
} as const;

const byAgent = (ward: Ward) => ({ pve: pveIn(ward), env: variablesIn(ward) });

for (const generation of ["8.4", "9.2"] as const) {
  const whole: Ward = { generation, delivery: "agent", extras: { delivery: true } };

  test(`on PVE ${generation}, the set-up for delivery by agent is enough: for the self-test, for a job, and for doctor`, async () => {
    const { selftest, left } = await open(byAgent(whole));
    assert.deepEqual(await selftest(), { failure: null, skipped: [] });
    assert.deepEqual(left(), { guests: 0, seeds: 0, runners: 0 });
    assert.deepEqual(await ills(whole), []);
    const github = { jobs: [{ labels: ["self-hosted", "linux"], durationMs: 20_000 }] };
    const { work, served } = await open({ ...byAgent(whole), github });
    assert.ok(await work(served), "the job was served, and nothing is left");
  });

  for (const [privilege, step] of steps[generation]) {
    test(`on PVE ${generation}, the self-test of delivery by agent breaks without ${privilege}, and doctor names that alone`, async () => {
      const taken: Grant = { role: "DispatcherGuests", path: "/pool/runners", privilege, need: "required" };
      const { selftest } = await open(byAgent({ ...whole, taken }));
      const { failure } = await selftest();
      assert.equal(failure?.step, step, failure?.text);
      assert.ok(failure?.text.includes(privilege), failure?.text);
      await namedAlone({ ...whole, taken });
    });
  }
}

test("delivery by agent asks for no storage of seeds, and for none of its privileges", async () => {
  const ward: Ward = { generation: "9.2", delivery: "agent", extras: { delivery: true } };
  const pve = pveIn(ward);
  const access = { ...pve.access, acl: pve.access.acl.filter(({ path }) => path !== "/storage/seeds") };
  const findings = await findingsIn({
    pve: { ...pve, access, storages: pve.storages.filter(({ name }) => name !== "seeds") },
    env: { ...variablesIn(ward), PROXMOX_STORAGE: "nowhere" },
  });
  assert.deepEqual(illsOf(findings), []);
});

test("a template whose guest agent is switched off blocks delivery by agent, as its guests would never get their secret", async () => {
  const guests = [{ ...template, config: { ...template.config, agent: "0" } }];
  const told = illsOf(await findingsIn({ pve: { guests }, grants: "all", env: { DELIVERY: "agent" } }));
  assert.deepEqual(told, ["blocks template: template 9000 on node pve1 has the guest agent switched off"]);
  assert.match(illsOf(await findingsIn({ pve: { guests }, grants: "all" })).join(), /^warns template/);
});
