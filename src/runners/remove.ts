import { DispatcherError, hasCode, transient } from "../domain/errors.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Action } from "../domain/runners/actions.ts";
import type { Tools } from "./tools.ts";

/** A guest that is powered off: its record first, so that a crash leaves no record without a guest; its seed last. */
export async function remove(
  tools: Tools,
  { guest, node, record }: Action<"remove">,
  pool: RunnerPool,
  signal: AbortSignal,
): Promise<void> {
  if (record !== null) {
    // GitHub in trouble does not keep a powered-off guest: the record is then an orphan and goes by that rule.
    await forgetRecord(tools, record, guest.name, signal).catch((error: unknown) => {
      if (!(error instanceof DispatcherError && transient[error.code])) throw error;
    });
  }
  await tools.site.destroy(guest, signal);
  await tools.storeOf(pool)?.remove(guest.vmid, node, signal);
}

/** The secret is spent: blanked where it lies, then taken out of the guest's drive. */
export async function scrub(
  tools: Tools,
  { guest, node }: Action<"scrub">,
  pool: RunnerPool,
  signal: AbortSignal,
): Promise<void> {
  await tools.storeOf(pool)?.blank(guest.vmid, node, signal);
  try {
    await tools.site.eject(guest, signal);
  } catch (error) {
    // It powered off meanwhile: the next pass removes it.
    if (!hasCode(error, "not_found")) throw error;
  }
}

/** A seed whose guest is gone. */
export async function sweep(
  { site, storeNamed }: Tools,
  { vmid, node, store: name }: Action<"sweep">,
  signal: AbortSignal,
): Promise<void> {
  const store = storeNamed(name);
  if (store === null) return;
  const answer = await site.isFree(vmid, signal);
  if (answer === "free") await store.remove(vmid, node, signal);
  // Somebody else's guest has the VMID: our file of that number loses its content and stays. A guest of our own, which
  // was hidden while its clone ran, is about to read it.
  if (answer === "used") await store.blank(vmid, node, signal);
}

/** For a guest that runs no job any more. GitHub may hold a dead runner busy for minutes: the orphan rule gets it later. */
export async function forgetRecord(
  { forge }: Tools,
  { scope, id }: Action<"forget">["record"],
  name: Action<"forget">["name"],
  signal: AbortSignal,
): Promise<void> {
  await forge.deregister(scope, { id, name }, signal);
}
