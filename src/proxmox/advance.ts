import { DispatcherError } from "../domain/errors.ts";
import type { Phase } from "../domain/marker.ts";
import type { GuestRef } from "../domain/pool.ts";
import type { SiteContext } from "./context.ts";
import { change } from "./prove.ts";

/** From one phase to the next. Somebody who was there first has done what the phase names: it is not for us to do again. */
export async function advance(
  context: SiteContext,
  guest: GuestRef,
  { from, to }: { readonly from: Phase; readonly to: Phase },
  signal: AbortSignal,
): Promise<void> {
  let sent = false;
  await change(
    context,
    guest,
    ({ marker: { phase } }) => {
      // After a lost answer the phase that stands there is our own.
      if (sent && phase === to) return null;
      if (phase !== from) {
        throw new DispatcherError("conflict", `mark ${guest.vmid} (${guest.name}) ${to}: it is ${phase}, not ${from}`);
      }
      sent = true;
      return { set: {}, phase: to };
    },
    signal,
  );
}
