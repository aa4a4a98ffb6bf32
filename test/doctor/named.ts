import assert from "node:assert/strict";
import type { Finding, Level } from "../../src/doctor/finding.ts";
import { findingsIn, illsOf } from "./clinic.ts";
import { type Grant, pveIn, variablesIn, type Ward } from "./ward.ts";

type Ill = Exclude<Finding, { readonly level: "good" }>;

const levelOf = { required: "blocks", useful: "warns" } as const satisfies Record<Grant["need"], Level>;

/** Doctor names the privilege that was taken away, with its path and remedy, and says nothing else of any. */
export async function namedAlone(ward: Ward & { readonly taken: Grant }): Promise<Ill> {
  const { privilege, path, need } = ward.taken;
  const findings = await examined(ward);
  const told = findings.filter(({ subject, level }) => subject === "privileges" && level !== "good");
  const [only] = told;
  assert.equal(told.length, 1, told.map(({ what }) => what).join("\n"));
  assert.ok(only !== undefined && only.level !== "good");
  assert.ok(only.what.includes(`${privilege} `) && only.what.includes(` ${path} `), only.what);
  assert.equal(only.level, levelOf[need]);
  assert.ok(only.remedy.includes(`--privs ${privilege}`) && only.remedy.includes(`pveum acl modify ${path} `));
  const blocking = findings.filter(({ level }) => level === "blocks");
  assert.deepEqual(blocking, need === "required" ? [only] : []);
  return only;
}

export const ills = async (ward: Ward): Promise<readonly string[]> => illsOf(await examined(ward));

const examined = (ward: Ward): Promise<readonly Finding[]> =>
  findingsIn({ generation: ward.generation, pve: pveIn(ward), env: variablesIn(ward) });
