import { DispatcherError } from "../domain/errors.ts";
import type { ForgeView } from "../domain/observation.ts";
import { type RunnerPool, scopeKeyOf } from "../domain/pool.ts";
import type { Action, StopEvidence } from "../domain/runners/actions.ts";
import { type GuestState, spellState, wordOf } from "../domain/runners/guest-state.ts";
import { seesAllJobs } from "../domain/runners/sighting.ts";
import { askGuest } from "./look.ts";
import { forgetRecord } from "./remove.ts";
import type { Tools } from "./tools.ts";

/** The irreversible step of retiring: what it rests on is asked once more, and a change of mind is no error. */
export async function stop(
  tools: Tools,
  action: Action<"stop">,
  pool: RunnerPool,
  signal: AbortSignal,
  heard: (state: GuestState) => void = () => {},
): Promise<void> {
  const { guest, node, evidence } = action;
  const forge = await tools.forge.observe(signal);
  const doubt = doubtOfGithub(action, pool, forge) ?? (await doubtOfGuest(tools, pool, action, signal, heard));
  if (doubt !== null) throw new DispatcherError("conflict", `stop ${guest.name}: ${doubt}`);
  const record = recordOf(guest.name, pool, forge);
  // The phase is the proof, and is read afresh right before the stop.
  await tools.site.stopAndDestroy(guest, signal, ...(evidence === "unarmed" ? (["started"] as const) : []));
  await tools.storeOf(pool)?.remove(guest.vmid, node, signal);
  if (record !== null) await forgetRecord(tools, { scope: scopeKeyOf(pool.scope), id: record.id }, guest.name, signal);
}

/** Whatever GitHub or the guest say: the job has had its time, or there was never a runner. */
const needsNobody = (evidence: StopEvidence): boolean => evidence === "overdue" || evidence === "unarmed";

/** Null when the evidence still holds at GitHub. */
function doubtOfGithub({ evidence, guest }: Action<"stop">, pool: RunnerPool, forge: ForgeView): string | null {
  if (needsNobody(evidence)) return null;
  if (!forge.lists.some((list) => list.scope === scopeKeyOf(pool.scope))) return "GitHub does not list the runners";
  if (recordOf(guest.name, pool, forge) !== null) return "its record is there again";
  if (forge.jobs.some((job) => job.runner === guest.name && job.status === "in_progress"))
    return "a job carries its name";
  return evidence === "withdrawn" && !seesAllJobs(pool, forge) ? "not all jobs can be seen" : null;
}

/** The last question before the stop. The guest's word may save it, and where it decides it must be a clear one. */
async function doubtOfGuest(
  tools: Tools,
  pool: RunnerPool,
  { evidence, guest, os }: Action<"stop">,
  signal: AbortSignal,
  heard: (state: GuestState) => void,
): Promise<string | null> {
  if (needsNobody(evidence)) return null;
  if (evidence === "silent") {
    const answer = await tools.site.agent(guest, signal);
    return answer === "silent" ? null : `its agent is not silent (${answer})`;
  }
  const state = await askGuest(tools, pool, guest, os, signal);
  heard(state);
  const word = wordOf(state);
  if (word === "job") return `it says that it works (${spellState(state)})`;
  return word === "unknown" && evidence === "quiet" ? "it does not say any more that it has no job" : null;
}

const recordOf = (name: string, pool: RunnerPool, forge: ForgeView) =>
  forge.lists.find((list) => list.scope === scopeKeyOf(pool.scope))?.runners.find((r) => r.name === name) ?? null;
