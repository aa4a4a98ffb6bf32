import type { Vmid } from "../domain/ids.ts";
import { readLease } from "../domain/lease.ts";
import { readMarker } from "../domain/marker.ts";
import type { Signer } from "../domain/signed-line.ts";
import { inRange } from "../domain/vmids.ts";
import type { GuestSummary } from "../proxmox/client.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import type { Tools } from "./tools.ts";

/** What the daemon has made by now, proved by its signature. */
export interface MadeGuests {
  /** Those that carry a lease, one for each range. */
  readonly leases: readonly GuestSummary[];
  /** Those that serve jobs, or will. */
  readonly serving: readonly Vmid[];
}

export async function madeGuests(
  { client }: Pick<Tools, "client">,
  { ranges, instance }: Pick<BootstrapWish, "ranges" | "instance">,
  signer: Signer,
  signal: AbortSignal,
): Promise<MadeGuests> {
  const leases: GuestSummary[] = [];
  const serving: Vmid[] = [];
  for (const guest of await client.resources(signal)) {
    if (guest.type !== "qemu" || guest.template || !ranges.some((range) => inRange(guest.vmid, range))) continue;
    const { values } = await client.config(guest.node, guest.vmid, signal);
    const description = values.description ?? "";
    const lease = readLease(description, guest.vmid, signer);
    const marker = readMarker(description, guest.vmid, signer);
    if (lease.kind === "valid" && lease.lease.instance === instance) leases.push(guest);
    if (marker.kind === "valid" && marker.marker.instance === instance) serving.push(guest.vmid);
  }
  return { leases, serving };
}
