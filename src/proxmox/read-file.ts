import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { Vmid } from "../domain/ids.ts";
import type { GuestRef } from "../domain/pool.ts";
import { type Instant, MINUTE } from "../domain/time.ts";
import type { SiteContext } from "./context.ts";

/** A privilege that is missing now will hardly be there a moment later. */
const refusedFor = 10 * MINUTE;

/** More than this is no file that we know. */
const mostBytes = 64 * 1024;

type ReadFile = (guest: GuestRef, path: string, signal: AbortSignal) => Promise<string | null>;

/** A file out of a running guest, through its agent. Null for every way in which its content is not known. */
export function fileReader(context: SiteContext): ReadFile {
  const { client, clock, limits } = context.options;
  const refused = new Map<Vmid, { readonly name: string; readonly until: Instant }>();

  const read = async ({ vmid, name }: GuestRef, path: string, signal: AbortSignal): Promise<string | null> => {
    const node = await context.nodeOf(vmid, signal);
    return limits.onAgent(node, async () => {
      // Somebody else's guest may have the VMID by now.
      if ((await client.config(node, vmid, signal)).values.name !== name) return null;
      const { bytes, truncated } = await client.readGuestFile(node, vmid, path, signal);
      return truncated || bytes.length > mostBytes ? null : new TextDecoder().decode(bytes);
    });
  };

  return async (guest, path, signal) => {
    const before = refused.get(guest.vmid);
    if (before?.name === guest.name && clock.now() < before.until) return null;
    try {
      const text = await read(guest, path, signal);
      refused.delete(guest.vmid);
      return text;
    } catch (error) {
      if (!(error instanceof DispatcherError)) throw error;
      if (hasCode(error, "forbidden")) {
        refused.set(guest.vmid, { name: guest.name, until: clock.now() + refusedFor });
      }
      return null;
    }
  };
}
