import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { Vmid } from "../domain/ids.ts";
import type { Phase } from "../domain/marker.ts";
import type { GuestRef } from "../domain/pool.ts";
import { MINUTE, SECOND } from "../domain/time.ts";
import type { SiteContext } from "./context.ts";
import { change, type Proven, prove } from "./prove.ts";

const taskDeadline = 5 * MINUTE;

/** Removes a guest that is powered off. Gone already is done. */
export async function destroy(context: SiteContext, guest: GuestRef, signal: AbortSignal): Promise<void> {
  const proven = await proveUnlessGone(context, guest, signal);
  if (proven === null) return;
  await context.options.journal.guest("destroy", guest, () => destroyProven(context, guest, proven, signal));
}

async function destroyProven(
  context: SiteContext,
  guest: GuestRef,
  { node }: Proven,
  signal: AbortSignal,
): Promise<void> {
  const { client, tasks, limits } = context.options;
  await limits.onNode(node, async () => {
    // The slot may have come late: the proof and the state are as fresh as the call itself.
    const fresh = await proveUnlessGone(context, guest, signal);
    if (fresh === null) return;
    await mustBeStill(context, guest, fresh, signal);
    await unprotect(context, guest, fresh, signal);
    try {
      const upid = await client.destroy(fresh.node, guest.vmid, signal);
      await tasks.finish(upid, `destroy ${guest.vmid} (${guest.name})`, {
        deadline: taskDeadline,
        signal,
      });
    } catch (error) {
      if (!hasCode(error, "lost_answer", "not_found")) throw error;
    }
  });
  await confirmGone(context, guest.vmid, signal);
}

/** A clone that was never configured still has its template's protection; a person's wish would have failed the proof. */
async function unprotect(
  context: SiteContext,
  guest: GuestRef,
  { config, marker }: Proven,
  signal: AbortSignal,
): Promise<void> {
  if (config.values.protection !== "1") return;
  await change(context, guest, () => ({ set: { protection: 0 }, phase: marker.phase }), signal);
}

export async function stopAndDestroy(
  context: SiteContext,
  guest: GuestRef,
  signal: AbortSignal,
  phase?: Phase,
): Promise<void> {
  const proven = await proveUnlessGone(context, guest, signal);
  if (proven === null) return;
  const { client, tasks, limits, journal } = context.options;
  await limits.onNode(proven.node, async () => {
    const fresh = await proveUnlessGone(context, guest, signal);
    if (fresh === null) return;
    if (phase !== undefined && fresh.marker.phase !== phase) {
      const now = fresh.marker.phase;
      throw new DispatcherError("conflict", `stop ${guest.vmid} (${guest.name}): it is ${now} by now, not ${phase}`);
    }
    const { status } = await client.status(fresh.node, guest.vmid, signal);
    if (status === "stopped") return;
    await journal.guest("stop", guest, async () => {
      const upid = await client.stop(fresh.node, guest.vmid, signal);
      await tasks.finish(upid, `stop ${guest.vmid} (${guest.name})`, { deadline: taskDeadline, signal });
    });
  });
  await destroy(context, guest, signal);
}

async function proveUnlessGone(context: SiteContext, guest: GuestRef, signal: AbortSignal): Promise<Proven | null> {
  try {
    return await prove(context, guest, signal);
  } catch (error) {
    if (hasCode(error, "not_found")) return null;
    throw error;
  }
}

/** Off, without a lock, and with nobody's task at work on it: a start that is under way does not show in its status. */
async function mustBeStill(
  context: SiteContext,
  guest: GuestRef,
  { node }: Proven,
  signal: AbortSignal,
): Promise<void> {
  const { client } = context.options;
  const [status, active] = await Promise.all([
    client.status(node, guest.vmid, signal),
    client.activeTasks(node, signal),
  ]);
  const what = `destroy ${guest.vmid} (${guest.name})`;
  if (status.status !== "stopped") throw new DispatcherError("conflict", `${what}: it is ${status.status}`);
  if (status.lock !== null) throw new DispatcherError("locked", `${what}: it is locked (${status.lock})`);
  const task = active.find((t) => t.id === String(guest.vmid));
  if (task !== undefined) throw new DispatcherError("conflict", `${what}: task ${task.type} is at work on it`);
}

/** Also the answer to a lost answer: a delete that did happen shows here. */
async function confirmGone(context: SiteContext, vmid: Vmid, signal: AbortSignal): Promise<void> {
  const { clock } = context.options;
  const deadline = clock.now() + 30 * SECOND;
  while (clock.now() < deadline) {
    if ((await context.isFree(vmid, signal)) === "free") return;
    await clock.sleep(SECOND, signal);
  }
  throw new DispatcherError("unavailable", `destroy ${vmid}: PVE does not say that it is gone`);
}
