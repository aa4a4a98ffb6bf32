import assert from "node:assert/strict";
import { test } from "node:test";
import { ills, namedAlone } from "./named.ts";
import { open } from "./shift.ts";
import { type Grant, grantsIn, pveIn, variablesIn, type Ward } from "./ward.ts";

/** Where `selftest --task` breaks off without a privilege. */
const brokenStep: Readonly<Record<string, string>> = {
  "DispatcherTemplate VM.Audit": "place",
  "DispatcherTemplate VM.Clone": "clone accepted",
  "DispatcherGuests VM.Allocate": "lease",
  "DispatcherGuests VM.Audit": "configure",
  "DispatcherGuests VM.Config.CDROM": "attach",
  "DispatcherGuests VM.Config.CPU": "configure",
  "DispatcherGuests VM.Config.Cloudinit": "attach",
  "DispatcherGuests VM.Config.Disk": "configure",
  "DispatcherGuests VM.Config.Memory": "configure",
  "DispatcherGuests VM.Config.Network": "configure",
  "DispatcherGuests VM.Config.Options": "lease",
  "DispatcherGuests VM.PowerMgmt": "start",
  "DispatcherGuests Pool.Audit": "configure",
  "DispatcherDisks Datastore.AllocateSpace": "clone accepted",
  "DispatcherSeeds Datastore.AllocateTemplate": "seed",
  "DispatcherSeeds Datastore.Audit": "remove the seed",
  "DispatcherNetwork SDN.Use": "clone accepted",
};

/** PVE keeps these to itself: it shows less, or says no more than that a check failed. */
const untold = new Set(["DispatcherTemplate VM.Audit", "DispatcherGuests VM.Allocate", "DispatcherGuests Pool.Audit"]);

/** What cloning itself asks for, and the disk of a copy on another storage: the rest is the same for both kinds. */
const ofCloning = new Set([
  "DispatcherTemplate VM.Clone",
  "DispatcherGuests VM.Allocate",
  "DispatcherGuests VM.Config.Disk",
  "DispatcherDisks Datastore.AllocateSpace",
  "DispatcherNetwork SDN.Use",
]);

const nameOf = ({ role, privilege }: Grant): string => `${role} ${privilege}`;

for (const generation of ["8.4", "9.2"] as const) {
  for (const clone of ["linked", "full"] as const) {
    const whole: Ward = { generation, clone };
    const where = `on PVE ${generation}, with ${clone} clones`;

    test(`${where}, all that the set-up grants is enough for the self-test, and doctor has nothing to say`, async () => {
      const { selftest, left } = await open({ pve: pveIn(whole), env: variablesIn(whole) });
      assert.deepEqual(await selftest(), { failure: null, skipped: [] });
      assert.deepEqual(left(), { guests: 0, seeds: 0, runners: 0 });
      assert.deepEqual(await ills(whole), []);
    });

    const wanted = grantsIn(whole).filter(({ need }) => need === "required");
    for (const taken of wanted.filter((one) => clone === "linked" || ofCloning.has(nameOf(one)))) {
      const { privilege, path } = taken;
      test(`${where}, the self-test breaks without ${privilege} on ${path}, and doctor names that alone`, async () => {
        const ward = { ...whole, taken };
        const { selftest } = await open({ pve: pveIn(ward), env: variablesIn(ward) });
        const { failure } = await selftest();
        assert.equal(failure?.step, brokenStep[nameOf(taken)], failure?.text);
        if (!untold.has(nameOf(taken))) assert.ok(failure?.text.includes(privilege), failure?.text);

        await namedAlone(ward);
      });
    }
  }
}

test("every required privilege of a role has its step", () => {
  const required = (["8.4", "9.2"] as const).flatMap((generation) => grantsIn({ generation }));
  const names = required.filter(({ need }) => need === "required").map(nameOf);
  assert.deepEqual([...new Set(names)].sort(), Object.keys(brokenStep).sort());
});
