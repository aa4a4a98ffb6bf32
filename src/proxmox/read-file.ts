import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { Vmid } from "../domain/ids.ts";
import type { GuestRef } from "../domain/pool.ts";
import { type Instant, MINUTE } from "../domain/time.ts";
import type { Site } from "../engine/site.ts";
import type { SiteContext } from "./context.ts";
import { saysAgentIsSilent, saysFileIsMissing } from "./errors.ts";

/** A privilege that is missing now will hardly be there a moment later. */
const refusedFor = 10 * MINUTE;

/** More than this is no file that we know. */
const mostBytes = 64 * 1024;

/** What a running guest's agent tells of files. */
export function fileReader(context: SiteContext): Pick<Site, "readFile" | "hasFile"> {
  const { client, clock, limits } = context.options;
  const refused = new Map<Vmid, { readonly name: string; readonly until: Instant }>();

  /** Null for another guest that has the VMID by now. */
  const read = async ({ vmid, name }: GuestRef, path: string, signal: AbortSignal) => {
    const node = await context.nodeOf(vmid, signal);
    return limits.onAgent(node, async () => {
      if ((await client.config(node, vmid, signal)).values.name !== name) return null;
      return client.readGuestFile(node, vmid, path, signal);
    });
  };

  /** What was read, or why not; null where it was not even asked for. */
  const attempt = async (guest: GuestRef, path: string, signal: AbortSignal) => {
    const before = refused.get(guest.vmid);
    if (before?.name === guest.name && clock.now() < before.until) return null;
    try {
      const file = await read(guest, path, signal);
      refused.delete(guest.vmid);
      return file;
    } catch (error) {
      if (!(error instanceof DispatcherError)) throw error;
      if (hasCode(error, "forbidden")) {
        refused.set(guest.vmid, { name: guest.name, until: clock.now() + refusedFor });
      }
      return error;
    }
  };

  return {
    async readFile(guest, path, signal) {
      const file = await attempt(guest, path, signal);
      if (file === null || file instanceof DispatcherError) return null;
      return file.truncated || file.bytes.length > mostBytes ? null : new TextDecoder().decode(file.bytes);
    },

    async hasFile(guest, path, signal) {
      const file = await attempt(guest, path, signal);
      if (file === null) return "unknown";
      if (!(file instanceof DispatcherError)) return "there";
      if (saysAgentIsSilent(file.message)) return "silent";
      return saysFileIsMissing(file.message) ? "answers" : "unknown";
    },
  };
}
