import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { NodeName } from "../domain/ids.ts";
import { describe, type Marker, type Phase, withMarker } from "../domain/marker.ts";
import { standingOf } from "../domain/ownership.ts";
import type { GuestRef } from "../domain/pool.ts";
import { SECOND } from "../domain/time.ts";
import type { GuestConfig } from "./client.ts";
import type { SiteContext } from "./context.ts";

/** A guest that was ours a moment ago, by every proof, and the digest of the read that showed it. */
export interface Proven {
  readonly node: NodeName;
  readonly marker: Marker;
  readonly config: GuestConfig;
}

/** Read afresh before each change. Throws `not_ours` with the missing proof, `not_found` when the guest is gone. */
export async function prove(context: SiteContext, guest: GuestRef, signal: AbortSignal): Promise<Proven> {
  const { node, config } = await readConfig(context, guest, signal);
  const { ownership } = context.options;
  const standing = standingOf(
    {
      vmid: guest.vmid,
      name: config.values.name ?? "",
      description: config.values.description ?? "",
      template: config.values.template === "1",
      protection: config.values.protection === "1",
      resourcePool: await resourcePoolOf(context, guest, signal),
    },
    ownership,
  );
  if (standing.kind !== "ours")
    throw new DispatcherError("not_ours", `guest ${guest.vmid} (${guest.name}): ${standing.why}`);
  if (config.values.name !== guest.name) {
    throw new DispatcherError("not_ours", `guest ${guest.vmid}: it is ${config.values.name}, not ${guest.name}`);
  }
  return { node, marker: standing.marker, config };
}

export interface Change {
  readonly set: Readonly<Record<string, string | number>>;
  readonly phase: Phase;
}

/**
 * One PUT with the digest of the proof. A lock, a change by others or a lost answer leads to a fresh read and a fresh
 * proof, never to the same request again.
 */
export async function change(
  context: SiteContext,
  guest: GuestRef,
  changeFrom: (proven: Proven) => Change | null,
  signal: AbortSignal,
): Promise<void> {
  const { client, clock, ownership, journal } = context.options;
  const deadline = clock.now() + 60 * SECOND;
  for (;;) {
    const proven = await prove(context, guest, signal);
    const wanted = changeFrom(proven);
    if (wanted === null) return;
    const marker = { ...proven.marker, phase: wanted.phase };
    const description = withMarker(proven.config.values.description ?? "", marker, guest.vmid, ownership.signer);
    try {
      const wish = { set: { ...wanted.set, description }, digest: proven.config.digest };
      await journal.guest("change", guest, () => client.putConfig(proven.node, guest.vmid, wish, signal));
      return;
    } catch (error) {
      if (!hasCode(error, "conflict", "locked", "lost_answer") || clock.now() >= deadline) throw error;
      await clock.sleep(SECOND, signal);
    }
  }
}

/** The description of a guest that is about to be cloned. */
export const firstDescription = (context: SiteContext, marker: Marker, guest: GuestRef): string =>
  describe(marker, guest.vmid, context.options.ownership.signer);

async function readConfig(
  context: SiteContext,
  { vmid }: GuestRef,
  signal: AbortSignal,
): Promise<{ node: NodeName; config: GuestConfig }> {
  const node = await context.nodeOf(vmid, signal);
  try {
    return { node, config: await context.options.client.config(node, vmid, signal) };
  } catch (error) {
    if (!hasCode(error, "not_found")) throw error;
    // It is not there: it may be gone, or have moved to another node.
    const elsewhere = await context.nodeOf(vmid, signal, true);
    return { node: elsewhere, config: await context.options.client.config(elsewhere, vmid, signal) };
  }
}

/** The resource pool where a proof needs it; undefined where the token may not see it. */
async function resourcePoolOf(
  context: SiteContext,
  { vmid }: GuestRef,
  signal: AbortSignal,
): Promise<string | null | undefined> {
  const pools = new Set(context.options.specs.map((spec) => spec.resourcePool).filter((pool) => pool !== null));
  for (const pool of pools) {
    try {
      if ((await context.options.client.poolMembers(pool, signal)).has(vmid)) return pool;
    } catch (error) {
      if (hasCode(error, "forbidden")) return undefined;
      throw error;
    }
  }
  return null;
}
