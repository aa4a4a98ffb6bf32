import { type Clock, type Ms, SECOND } from "../domain/time.ts";

export type Fetch = typeof globalThis.fetch;

/** One answer of GitHub, for metrics. Status 0: there was none. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly ms: Ms;
}

export type StopReason =
  | { readonly kind: "timeout" }
  | { readonly kind: "paused"; readonly left: Ms }
  /** This process may change nothing at present. */
  | { readonly kind: "standby"; readonly why: string };

/** Octokit passes an `AbortError` on as it is and never repeats such a call; any other failure it wraps and repeats. */
export class Stopped extends Error {
  override readonly name = "AbortError";
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(reason.kind);
    this.reason = reason;
  }
}

/** Octokit waits for ever, and reads the body by itself: here a call ends, body included, within its time. */
export const callTimeout: Ms = 10 * SECOND;

export function createTransport(options: {
  fetch: Fetch;
  clock: Clock;
  /** How long nothing may be sent; asked right before sending, as calls may have queued for long. */
  pausedFor: () => Ms;
  /** Asked right before each call that changes something: null, or why this process may not. */
  whyNotChange?: (() => string | null) | undefined;
  onCall?: ((call: Call) => void) | undefined;
}): Fetch {
  const { fetch, clock, pausedFor, whyNotChange, onCall } = options;
  return async (input, init = {}) => {
    const left = pausedFor();
    if (left > 0) throw new Stopped({ kind: "paused", left });
    const barred = (init.method ?? "GET") === "GET" ? null : (whyNotChange?.() ?? null);
    if (barred !== null) throw new Stopped({ kind: "standby", why: barred });
    const sent = clock.now();
    let status = 0;
    try {
      const response = await inTime(clock, init.signal, (signal) => whole(fetch, input, { ...init, signal }));
      status = response.status;
      return response;
    } finally {
      if (onCall !== undefined) {
        const { pathname } = new URL(input instanceof Request ? input.url : input);
        onCall({ method: init.method ?? "GET", path: pathname, status, ms: clock.now() - sent });
      }
    }
  };
}

async function whole(fetch: Fetch, input: Parameters<Fetch>[0], init: RequestInit): Promise<Response> {
  const response = await fetch(input, init);
  const { status, statusText, headers } = response;
  const bytes = await response.arrayBuffer();
  return new Response(bodiless.has(status) ? null : bytes, { status, statusText, headers });
}

/** The constructor of `Response` refuses a body, even an empty one, for these. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** By hand rather than with `AbortSignal.any`, which keeps every call's signal alive as long as the daemon's. */
async function inTime<T>(
  clock: Clock,
  outer: AbortSignal | null | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const call = new AbortController();
  const over = new AbortController();
  const left = () => new DOMException("the caller left", "AbortError");
  const leave = () => call.abort(left());
  if (outer?.aborted) throw left();
  outer?.addEventListener("abort", leave, { once: true });
  const late = new Promise<never>((_, reject) => {
    call.signal.addEventListener("abort", () => reject(call.signal.reason), { once: true });
    clock.sleep(callTimeout, over.signal).then(
      () => call.abort(new Stopped({ kind: "timeout" })),
      () => {},
    );
  });
  try {
    // A fetch that ignores its signal must not hold us either.
    return await Promise.race([late, work(call.signal)]);
  } finally {
    outer?.removeEventListener("abort", leave);
    over.abort();
  }
}
