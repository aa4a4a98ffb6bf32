import { hasCode } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import { readMarker } from "../domain/marker.ts";
import { type Instant, SECOND } from "../domain/time.ts";
import type { SiteContext } from "./context.ts";

/** PVE's placeholder while a clone runs. */
const temporary = "qmclone temporary file";

export type LostClone = "under way" | "never happened" | "lost race";

/** After a lost answer both outcomes are real. We chose the VMID, so it can be asked; nothing is ever sent again blindly. */
export async function settleLostClone(
  context: SiteContext,
  clone: { readonly vmid: Vmid; readonly node: NodeName; readonly nonce: string },
  signal: AbortSignal,
): Promise<LostClone> {
  const { clock } = context.options;
  let freeSince: Instant | null = null;
  let usedSince: Instant | null = null;
  for (;;) {
    const seen = await look(context, clone, signal);
    if (seen === "ours" || seen === "other") return seen === "ours" ? "under way" : "lost race";
    const now = clock.now();
    const quiet = !(await cloneRuns(context, clone.node, signal));
    freeSince = seen === "free" && quiet ? (freeSince ?? now) : null;
    usedSince = seen === "used" && quiet ? (usedSince ?? now) : null;
    if (freeSince !== null && now - freeSince > 5 * SECOND) return "never happened";
    if (usedSince !== null && now - usedSince > 30 * SECOND) return "lost race";
    await clock.sleep(SECOND, signal);
  }
}

async function look(
  context: SiteContext,
  { vmid, node, nonce }: { readonly vmid: Vmid; readonly node: NodeName; readonly nonce: string },
  signal: AbortSignal,
): Promise<"ours" | "other" | "free" | "used" | "unclear"> {
  const { client, ownership } = context.options;
  try {
    const { values } = await client.config(node, vmid, signal);
    if (values.lock === "clone" || values.description?.trim() === temporary) return "unclear";
    const read = readMarker(values.description ?? "", vmid, ownership.signer);
    return read.kind === "valid" && read.marker.nonce === nonce ? "ours" : "other";
  } catch (error) {
    // A confined token gets 403 for a running clone, a foreign guest and a missing one.
    if (!hasCode(error, "forbidden", "not_found")) return "unclear";
  }
  try {
    return await client.nextId(vmid, signal);
  } catch {
    return "unclear";
  }
}

/** A clone's task names its source only, so any clone of our token on that node keeps the question open. */
async function cloneRuns({ options }: SiteContext, node: NodeName, signal: AbortSignal): Promise<boolean> {
  try {
    const active = await options.client.activeTasks(node, signal);
    return active.some((task) => task.type === "qmclone" && task.user === options.tokenId);
  } catch {
    return true;
  }
}
