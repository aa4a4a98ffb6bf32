import { DispatcherError } from "../domain/errors.ts";
import type { ForgeView } from "../domain/observation.ts";
import { type RunnerPool, scopeKeyOf } from "../domain/pool.ts";
import type { Action } from "../domain/runners/actions.ts";
import { seesAllJobs } from "../domain/runners/sighting.ts";
import { forgetRecord } from "./remove.ts";
import type { Tools } from "./tools.ts";

/** The irreversible step of retiring: what it rests on is asked once more, and a change of mind is no error. */
export async function stop(tools: Tools, action: Action<"stop">, pool: RunnerPool, signal: AbortSignal): Promise<void> {
  const { guest, node } = action;
  const forge = await tools.forge.observe(signal);
  const doubt = await doubtAbout(tools, action, pool, forge, signal);
  if (doubt !== null) throw new DispatcherError("conflict", `stop ${guest.name}: ${doubt}`);
  const record = recordOf(guest.name, pool, forge);
  await tools.site.stopAndDestroy(guest, signal);
  await tools.storeOf(pool).remove(guest.vmid, node, signal);
  if (record !== null) await forgetRecord(tools, { scope: scopeKeyOf(pool.scope), id: record.id }, guest.name, signal);
}

/** Null when the evidence still holds. */
async function doubtAbout(
  tools: Tools,
  { evidence, guest }: Action<"stop">,
  pool: RunnerPool,
  forge: ForgeView,
  signal: AbortSignal,
): Promise<string | null> {
  if (evidence === "overdue") return null;
  if (!forge.lists.some((list) => list.scope === scopeKeyOf(pool.scope))) return "GitHub does not list the runners";
  if (recordOf(guest.name, pool, forge) !== null) return "its record is there again";
  if (forge.jobs.some((job) => job.runner === guest.name && job.status === "in_progress"))
    return "a job carries its name";
  if (evidence === "withdrawn") return seesAllJobs(pool, forge) ? null : "not all jobs can be seen";
  const answer = await tools.site.agent(guest, signal);
  return answer === "silent" ? null : `its agent is not silent (${answer})`;
}

const recordOf = (name: string, pool: RunnerPool, forge: ForgeView) =>
  forge.lists.find((list) => list.scope === scopeKeyOf(pool.scope))?.runners.find((r) => r.name === name) ?? null;
