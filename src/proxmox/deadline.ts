import { DispatcherError } from "../domain/errors.ts";
import { type Clock, type Ms, spell } from "../domain/time.ts";

/** Nobody answered in time. What it was that did not answer is for the caller to say. */
export class Overdue extends Error {
  constructor(deadline: Ms) {
    super(`no answer within ${spell(deadline)}`);
    this.name = "Overdue";
  }
}

/** Node's timers fire at once beyond this. */
const longest: Ms = 2 ** 31 - 1;

/** Rejects with `Overdue` or with the signal's reason, even where `work` does not listen to its signal. */
export async function withDeadline<T>(
  work: (signal: AbortSignal) => Promise<T>,
  { clock, deadline, signal }: { readonly clock: Clock; readonly deadline: Ms; readonly signal: AbortSignal },
): Promise<T> {
  if (deadline > longest) {
    throw new DispatcherError("internal", `deadline ${deadline}: it is a duration, and this one is a point in time`);
  }
  signal.throwIfAborted();
  const cut = new AbortController();
  const done = new AbortController();
  const abort = (): void => cut.abort(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const cutShort = new Promise<never>((_, reject) => {
    cut.signal.addEventListener("abort", () => reject(cut.signal.reason), { once: true });
  });
  clock.sleep(deadline, done.signal).then(
    () => cut.abort(new Overdue(deadline)),
    () => undefined,
  );
  try {
    return await Promise.race([work(cut.signal), cutShort]);
  } finally {
    signal.removeEventListener("abort", abort);
    done.abort();
  }
}
