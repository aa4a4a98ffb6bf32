import assert from "node:assert/strict";
import { test } from "node:test";
import { needs } from "../../src/doctor/needs.ts";
import { guestFiles } from "../../src/domain/runners/guest-files.ts";
import { MINUTE } from "../../src/domain/time.ts";
import { configOf, onlyPool } from "../config/given.ts";
import type { Generation } from "./clinic.ts";
import { namedAlone } from "./named.ts";
import { open } from "./shift.ts";
import { type Grant, grantsIn, pveIn, variablesIn, type Ward } from "./ward.ts";

/** What dispatcher can do beside serving jobs, as it was seen in the life of one runner. */
interface Abilities {
  readonly "deletes seeds": boolean;
  readonly "knows memory and load": boolean;
  readonly "reads a guest's word": boolean;
  readonly "hears whether a guest answers": boolean;
}
type Ability = keyof Abilities;

const all: Abilities = {
  "deletes seeds": true,
  "knows memory and load": true,
  "reads a guest's word": true,
  "hears whether a guest answers": true,
};

/** What goes with a privilege, and the words by which doctor tells of it. */
const losses: Readonly<Record<string, readonly (readonly [Ability, RegExp])[]>> = {
  "Datastore.Allocate": [["deletes seeds", /seeds cannot be deleted/]],
  "Sys.Audit": [["knows memory and load", /free memory and load are not known/]],
  "VM.Monitor": [
    ["reads a guest's word", /cannot be asked whether it has a job/],
    ["hears whether a guest answers", /cannot be asked whether it still lives/],
  ],
  "VM.GuestAgent.FileRead": [["reads a guest's word", /cannot be asked whether it has a job/]],
  "VM.GuestAgent.Audit": [["hears whether a guest answers", /cannot be asked whether it still lives/]],
};

const job = { labels: ["self-hosted", "linux"], durationMs: 20_000 };
const blank = 32 * 1024;

/** VM.Snapshot serves the self-test alone: doctor does not ask for it. */
const usefulIn = (generation: Generation): readonly Grant[] =>
  grantsIn({ generation }).filter(({ need, privilege }) => need === "useful" && privilege !== "VM.Snapshot");

for (const generation of ["8.4", "9.2"] as const) {
  for (const clone of generation === "9.2" ? (["linked", "full"] as const) : (["linked"] as const)) {
    test(`on PVE ${generation}, with all that is granted and ${clone} clones, a job is served with every ability`, async () => {
      const { served, left, abilities } = await lived({ generation, clone });
      assert.deepEqual({ served, left, abilities }, { served: true, left: nothing, abilities: all });
    });
  }

  for (const taken of usefulIn(generation)) {
    const { privilege } = taken;
    test(`on PVE ${generation}, without ${privilege} a job is served, and what doctor tells of is lost, no more`, async () => {
      const ward = { generation, taken };
      const lost = losses[privilege] ?? [];
      const { served, left, abilities, seeds } = await lived(ward);
      assert.deepEqual({ served, left }, { served: true, left: nothing });
      assert.deepEqual(abilities, { ...all, ...Object.fromEntries(lost.map(([ability]) => [ability, false])) });
      assert.deepEqual(seeds, abilities["deletes seeds"] ? [] : [["seeds:iso/dispatcher-200.iso", blank]]);

      const finding = await namedAlone(ward);
      for (const [ability, words] of Object.values(losses).flat()) {
        const named = words.test(finding.why);
        assert.equal(
          named,
          lost.some(([one]) => one === ability),
          `${ability}: ${finding.why}`,
        );
      }
    });
  }
}

test("a seed that may not be deleted is overwritten by the VMID's next guest", async () => {
  const taken = usefulIn("9.2").find(({ privilege }) => privilege === "Datastore.Allocate");
  assert.ok(taken !== undefined);
  const { served, left, seeds, clones } = await lived({ generation: "9.2", taken }, 2);
  assert.deepEqual({ served, left, clones }, { served: true, left: nothing, clones: 2 });
  assert.deepEqual(seeds, [["seeds:iso/dispatcher-200.iso", blank]]);
});

test("the roles and doctor agree on what is required", () => {
  for (const generation of ["8.4", "9.2"] as const) {
    const granted = grantsIn({ generation }).filter(({ privilege }) => privilege !== "VM.Snapshot");
    const pool = onlyPool(configOf(variablesIn({ generation })));
    const used = needs.filter(({ when }) => when?.(pool) ?? true);
    for (const { privilege, need } of granted) {
      const levels = used.filter(({ anyOf }) => anyOf[0] === privilege).map(({ level }) => level);
      assert.deepEqual([...new Set(levels)], [need], privilege);
    }
  }
});

const nothing = { guests: 0, seeds: 0, runners: 0 };

/** The daemon serves one job after the other, and while the first runs it is seen what it can do. */
async function lived(ward: Ward, jobs = 1) {
  const { dispatcher, github, pve, work, served, left, records } = await open({
    pve: pveIn(ward),
    env: variablesIn(ward),
    github: { jobs: [{ ...job, count: jobs }] },
  });
  const { signal } = new AbortController();
  const { site } = dispatcher.tools;
  let seen: Omit<Abilities, "deletes seeds"> | null = null;
  const over = async (): Promise<boolean> => {
    if (seen === null && github.counts().inProgress > 0) {
      const { guests, nodes } = await site.observe(signal, { seeds: false });
      const [guest] = guests;
      seen = {
        "knows memory and load": nodes.every(({ freeMemory, load }) => freeMemory !== null && load !== null),
        "reads a guest's word":
          guest !== undefined && (await site.readFile(guest, guestFiles.linux.state, signal)) !== null,
        "hears whether a guest answers": guest !== undefined && (await site.agent(guest, signal)) === "answers",
      };
    }
    return served();
  };
  const done = await work(over, jobs * 3 * MINUTE);
  const seeds = pve.state.volumes.all().filter(({ storage }) => storage === "seeds");
  const accepted = records.filter((record) => record.event === "pve" && record.call === "clone");
  const abilities = { ...all, ...(seen ?? {}), "deletes seeds": seeds.length === 0 };
  return {
    served: done && seen !== null,
    left: left(),
    abilities,
    seeds: seeds.map(({ id, size }) => [id, size]),
    clones: accepted.length,
  };
}
