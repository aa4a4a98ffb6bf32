import type { Secret } from "../domain/secret.ts";
import type { Clock } from "../domain/time.ts";
import { type Client, createClient } from "./client.ts";
import { Limiter } from "./limiter.ts";
import type { Notify } from "./notices.ts";
import { mintingOctokit, readingOctokit } from "./octokit.ts";
import { Pause } from "./pause.ts";
import { Stamps } from "./stamps.ts";
import { type Call, createTransport, type Fetch } from "./transport.ts";

export interface Wires {
  /** Gentle: queues, and tries again once. While GitHub wants us to be quiet it fails at once. */
  readonly reading: Client;
  /** Sends at once, never twice. Calls that create something go through the limiter. */
  readonly minting: Client;
  readonly limiter: Limiter;
  readonly stamps: Stamps;
}

/** Two clients of one token: what reading may repeat and delay, minting must not. */
export function createWires(options: {
  readonly apiUrl: URL;
  readonly token: Secret;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly notify: Notify;
  readonly whyNotChange?: (() => string | null) | undefined;
  readonly onCall?: ((call: Call) => void) | undefined;
}): Wires {
  const { clock, notify } = options;
  const stamps = new Stamps();
  const primary = new Pause(clock);
  // Minting too fast must not blind us, and reading too fast must not keep guests waiting.
  const read = { primary, secondary: new Pause(clock) };
  const minted = { primary, secondary: new Pause(clock) };
  const pausedFor = ({ secondary }: { readonly secondary: Pause }) => Math.max(primary.left(), secondary.left());
  const access = {
    ...options,
    // Octokit's only warning: a call that GitHub is about to take away.
    warn: (text: string) => notify.once(text, "warn", text),
  };
  const readingFetch = createTransport({ ...options, pausedFor: () => pausedFor(read) });
  const mintingFetch = createTransport({ ...options, pausedFor: () => pausedFor(minted) });
  return {
    reading: createClient(readingOctokit({ ...access, fetch: readingFetch }), read, clock, stamps),
    minting: createClient(mintingOctokit({ ...access, fetch: mintingFetch }), minted, clock, stamps),
    stamps,
    limiter: new Limiter({ clock, atOnce: 10, perMinute: 60, pausedFor: () => pausedFor(minted) }),
  };
}
