import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, type Ms } from "../../src/domain/time.ts";
import type { Generation } from "./clinic.ts";
import { open, type Shift } from "./shift.ts";
import { grantsIn, pveIn, variablesIn } from "./ward.ts";

interface Scene {
  readonly generation: Generation;
  /** Taken away. */
  readonly without: string | null;
  readonly image: "never-ends" | "never-boots";
  readonly patience: Ms;
  readonly more?: Pick<Shift, "env" | "pools" | "github">;
}

/** An idle runner in a guest that hangs when it should turn itself off. */
const retiring = { image: "never-ends", patience: 6 * MINUTE, more: { env: { IDLE_TIMEOUT: "10s" } } } as const;

for (const [generation, without, minutes] of [
  ["9.2", null, 2],
  ["9.2", "VM.GuestAgent.FileRead", 4],
] as const) {
  test(`on PVE ${generation} ${lacking(without)} an idle runner takes ${minutes} minutes to retire`, async () => {
    const { gone, ms } = await retired({ ...retiring, generation, without });
    assert.ok(gone);
    assert.equal(Math.round(ms / MINUTE), minutes, `${ms} ms`);
  });
}

/** A guest that never comes up, for a pool whose runners may serve repositories that nobody polls. */
const silent = {
  image: "never-boots",
  patience: 8 * MINUTE,
  more: {
    env: { BOOT_TIMEOUT: "3m", IDLE_TIMEOUT: "1m", POLL_INTERVAL: "30" },
    pools: "pools: [{ name: default, github: { organisation: octo, repositories: [demo], runner_group: builders } }]",
    github: { organisations: [{ login: "octo", groups: [{ id: 7, name: "builders" }] }] },
  },
} as const;

for (const [generation, without, goes] of [
  ["9.2", null, true],
  ["9.2", "VM.GuestAgent.Audit", false],
] as const) {
  const end = goes ? "is stopped after its boot timeout" : "is still there long after its boot timeout";
  test(`on PVE ${generation} ${lacking(without)} a guest that never came up ${end}`, async () => {
    const { gone, ms } = await retired({ ...silent, generation, without });
    assert.equal(gone, goes);
    assert.ok(ms > 3 * MINUTE);
  });
}

function lacking(without: string | null): string {
  return without === null ? "with all that is granted" : `without ${without}`;
}

/** A job is called off as soon as its guest is there: whether the guest goes, and when. */
async function retired({ generation, without, image, patience, more }: Scene) {
  const taken = grantsIn({ generation }).find(({ privilege }) => privilege === without);
  assert.equal(taken?.privilege ?? null, without);
  const ward = { generation, ...(taken === undefined ? {} : { taken }) };
  const pve = pveIn(ward);
  const { clock, github, work, left, dispatcher } = await open({
    ...more,
    pve: { ...pve, guests: pve.guests.map((guest) => ({ ...guest, image })) },
    env: { ...variablesIn(ward), ...more?.env },
    github: { ...more?.github, jobs: [{ labels: ["self-hosted", "linux"] }] },
  });
  let since: Ms | null = null;
  const gone = await work(() => {
    if (since === null && left().guests > 0) {
      since = clock.now();
      for (const id of github.state.jobs.keys()) github.cancelJob(id);
    }
    return since !== null && left().guests + dispatcher.engine.inHand() === 0;
  }, patience);
  return { gone, ms: clock.now() - (since ?? clock.now()) };
}
