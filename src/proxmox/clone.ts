import { DispatcherError, hasCode } from "../domain/errors.ts";
import { asGuestName, type Upid, type Vmid } from "../domain/ids.ts";
import { readMarker } from "../domain/marker.ts";
import { guestNameOf } from "../domain/naming.ts";
import type { GuestRef } from "../domain/pool.ts";
import { MINUTE, SECOND } from "../domain/time.ts";
import { candidates, spellRange } from "../domain/vmids.ts";
import type { CloneOrder, Cloning } from "../engine/site.ts";
import type { SiteContext } from "./context.ts";
import { settleLostClone } from "./lost-clone.ts";
import { firstDescription } from "./prove.ts";
import type { Templates } from "./templates.ts";

const cloneDeadline = 15 * MINUTE;

/** Finds a VMID and clones to it. The VMID stays in our hands until the clone's task is over. */
export async function clone(
  context: SiteContext,
  templates: Templates,
  order: CloneOrder,
  signal: AbortSignal,
): Promise<Cloning> {
  const { spec } = order;
  for (const vmid of candidates(spec.range, context.taken())) {
    if (context.reserved.has(vmid)) continue;
    // Ours before we ask: launches that begin together would all ask for the same one.
    context.reserved.add(vmid);
    if (!(await isFree(context, vmid, signal))) continue;
    const cloning = await begin(context, templates, order, vmid, signal);
    if (cloning !== null) return cloning;
  }
  throw new DispatcherError(
    "no_capacity",
    `clone for pool ${spec.pool}: VMID range ${spellRange(spec.range)} is full`,
    {
      remedy: "widen the range, or remove guests that are in it",
    },
  );
}

/** Where it is not, the VMID is out of our hands again. */
async function isFree(context: SiteContext, vmid: Vmid, signal: AbortSignal): Promise<boolean> {
  let free = false;
  try {
    free = (await context.ask(vmid, signal)) === "free";
    return free;
  } finally {
    if (!free) context.reserved.delete(vmid);
  }
}

/** Null when somebody else got the VMID first. */
async function begin(
  context: SiteContext,
  templates: Templates,
  order: CloneOrder,
  vmid: Vmid,
  signal: AbortSignal,
): Promise<Cloning | null> {
  const { limits, journal } = context.options;
  const guest: GuestRef = { vmid, name: guestNameOf(order.spec.prefix, order.marker.nonce) };
  let accept: (accepted: boolean) => void = () => {};
  let refuse: (error: unknown) => void = () => {};
  const accepted = new Promise<boolean>((resolve, reject) => {
    accept = resolve;
    refuse = reject;
  });
  // A node's place is held until the task is over, though the caller goes on as soon as PVE has accepted it.
  const work = async (): Promise<void> => {
    let upid: Upid | "under way" | null;
    try {
      upid = await send(context, templates, order, guest, signal);
    } catch (error) {
      refuse(error);
      throw error;
    }
    accept(upid !== null);
    if (upid === null) return;
    if (upid !== "under way") context.begun.set(vmid, upid);
    context.settle(vmid, order.node);
    context.made.set(vmid, { pool: order.spec.pool, until: 0 });
    await finish(context, guest, order, upid, signal);
  };
  const done = limits.onNode(order.node, () => journal.guest("clone", guest, work));
  const ended = done.finally(() => {
    context.reserved.delete(vmid);
    context.begun.delete(vmid);
  });
  ended.catch(() => {});
  return (await accepted) ? { guest, node: order.node, done: ended } : null;
}

/** The clone's UPID; "under way" when its answer was lost but it runs; null when the VMID was lost to somebody else. */
async function send(
  context: SiteContext,
  templates: Templates,
  order: CloneOrder,
  guest: GuestRef,
  signal: AbortSignal,
): Promise<Upid | "under way" | null> {
  const { spec, node, marker } = order;
  const template = templates.of(spec, node);
  for (;;) {
    try {
      return await context.options.client.clone(
        node,
        template,
        {
          newid: guest.vmid,
          name: guest.name,
          description: firstDescription(context, marker, guest),
          pool: spec.resourcePool,
          full: spec.clone.kind === "full",
          storage: spec.clone.kind === "full" ? spec.clone.storage : null,
        },
        signal,
      );
    } catch (error) {
      if (hasCode(error, "already_exists")) return null;
      if (!hasCode(error, "lost_answer")) throw error;
      const answer = await settleLostClone(context, { ...guest, node, nonce: marker.nonce }, signal);
      if (answer === "lost race") return null;
      if (answer === "under way") return "under way";
      // Never happened: the same call again is the first one.
    }
  }
}

async function finish(
  context: SiteContext,
  guest: GuestRef,
  { node }: CloneOrder,
  upid: Upid | "under way",
  signal: AbortSignal,
): Promise<void> {
  const { client, tasks } = context.options;
  const what = `clone to ${guest.vmid} (${guest.name})`;
  if (upid === "under way") return waitUntilOurs(context, guest, node, what, signal);
  try {
    await tasks.finish(upid, what, { deadline: cloneDeadline, signal });
  } catch (error) {
    if (hasCode(error, "timeout")) {
      await client.abortTask(upid, signal);
      await tasks.outcome(upid, { deadline: MINUTE, signal });
    }
    throw error;
  }
}

/** Without a UPID, the guest itself tells: its configuration carries our marker and no lock. */
async function waitUntilOurs(
  context: SiteContext,
  guest: GuestRef,
  node: CloneOrder["node"],
  what: string,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, ownership } = context.options;
  const deadline = clock.now() + cloneDeadline;
  for (;;) {
    try {
      const { values } = await client.config(node, guest.vmid, signal);
      const marked = readMarker(values.description ?? "", guest.vmid, ownership.signer).kind === "valid";
      if (marked && values.lock === undefined && asGuestName(values.name ?? "") === guest.name) return;
    } catch (error) {
      // A confined token is refused until the clone is over.
      if (!hasCode(error, "forbidden", "not_found", "unavailable", "timeout")) throw error;
    }
    if (clock.now() >= deadline) throw new DispatcherError("timeout", `${what}: not finished after 15 min`);
    await clock.sleep(SECOND, signal);
  }
}
