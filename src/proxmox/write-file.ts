import { DispatcherError } from "../domain/errors.ts";
import type { GuestRef } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import type { SiteContext } from "./context.ts";
import { prove } from "./prove.ts";

/** A secret into a running guest, through its agent: nobody but a guest that is ours, and that was marked for it, gets one. */
export async function writeFile(
  context: SiteContext,
  guest: GuestRef,
  path: string,
  content: Secret,
  signal: AbortSignal,
): Promise<void> {
  const { client, limits, journal } = context.options;
  const node = await context.nodeOf(guest.vmid, signal);
  await limits.onAgent(node, async () => {
    const { node: here, marker } = await prove(context, guest, signal);
    if (marker.phase !== "armed") {
      throw new DispatcherError("conflict", `write ${path} in ${guest.vmid} (${guest.name}): it is ${marker.phase}`);
    }
    const bytes = new TextEncoder().encode(content.reveal());
    await journal.guest("write file", guest, () => client.writeGuestFile(here, guest.vmid, path, bytes, signal));
  });
}
