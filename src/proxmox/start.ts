import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { Upid } from "../domain/ids.ts";
import type { GuestRef } from "../domain/pool.ts";
import { type Instant, MINUTE, SECOND } from "../domain/time.ts";
import type { SiteContext } from "./context.ts";
import { prove } from "./prove.ts";

const startDeadline = 5 * MINUTE;

/** Starts a guest; after a lost answer the guest itself is asked, and only a guest that nobody starts is started again. */
export async function start(context: SiteContext, guest: GuestRef, signal: AbortSignal): Promise<void> {
  const { limits, tasks, clock } = context.options;
  const { node } = await prove(context, guest, signal);
  await limits.onNode(node, async () => {
    const deadline = clock.now() + startDeadline;
    for (;;) {
      const upid = await send(context, guest, signal);
      if (upid !== null) {
        return tasks.finish(upid, `start ${guest.vmid} (${guest.name})`, { deadline: startDeadline, signal });
      }
      if (await cameUp(context, guest, signal)) return;
      if (clock.now() >= deadline)
        throw new DispatcherError("timeout", `start ${guest.vmid} (${guest.name}): no answer`);
    }
  });
}

/** Null when the answer was lost. */
async function send(context: SiteContext, guest: GuestRef, signal: AbortSignal): Promise<Upid | null> {
  const { client, journal } = context.options;
  const fresh = await prove(context, guest, signal);
  try {
    return await journal.guest("start", guest, () => client.start(fresh.node, guest.vmid, signal));
  } catch (error) {
    if (hasCode(error, "lost_answer")) return null;
    throw error;
  }
}

/** False when it has been off, with no start under way, for five seconds. */
async function cameUp(context: SiteContext, guest: GuestRef, signal: AbortSignal): Promise<boolean> {
  const { client, clock } = context.options;
  let stillSince: Instant | null = null;
  for (;;) {
    const node = await context.nodeOf(guest.vmid, signal);
    try {
      if ((await client.status(node, guest.vmid, signal)).status === "running") return true;
      const active = await client.activeTasks(node, signal);
      const starting = active.some((task) => task.id === String(guest.vmid));
      stillSince = starting ? null : (stillSince ?? clock.now());
    } catch (error) {
      if (!hasCode(error, "unavailable", "timeout")) throw error;
      stillSince = null;
    }
    if (stillSince !== null && clock.now() - stillSince > 5 * SECOND) return false;
    await clock.sleep(SECOND, signal);
  }
}
