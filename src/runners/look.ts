import type { GuestOs } from "../domain/observation.ts";
import type { GuestRef, RunnerPool } from "../domain/pool.ts";
import { guestFiles } from "../domain/runners/guest-files.ts";
import { type GuestState, parseGuestState } from "../domain/runners/guest-state.ts";
import type { Readiness } from "../domain/runners/memory.ts";
import type { Tools } from "./tools.ts";

/** What the guest itself says that it does. */
export async function askGuest(
  tools: Pick<Tools, "site">,
  { delivery }: Pick<RunnerPool, "delivery">,
  guest: GuestRef,
  os: GuestOs,
  signal: AbortSignal,
): Promise<GuestState> {
  const text = await tools.site.readFile(guest, guestFiles[os].state, signal);
  // One whose secret never arrived has no state, and would pass for a guest that nobody can ask.
  const waits =
    text === null && delivery.kind === "agent" && (await askReadiness(tools, guest, os, signal)) === "waiting";
  return waits ? { kind: "waiting" } : parseGuestState(text);
}

/** Whether it is up and waits for its secret: an agent that answers may do so before a restart of the guest's set-up. */
export async function askReadiness(
  { site }: Pick<Tools, "site">,
  guest: GuestRef,
  os: GuestOs,
  signal: AbortSignal,
): Promise<Readiness> {
  const answer = await site.hasFile(guest, guestFiles[os].waiting, signal);
  return answer === "there" ? "waiting" : answer;
}
