import type { GuestRef } from "../domain/pool.ts";
import { type GuestState, parseGuestState, stateFile } from "../domain/runners/guest-state.ts";
import type { Tools } from "./tools.ts";

/** What the guest itself says that it does. */
export const askGuest = async (
  { site }: Pick<Tools, "site">,
  guest: GuestRef,
  signal: AbortSignal,
): Promise<GuestState> => parseGuestState(await site.readFile(guest, stateFile, signal));
