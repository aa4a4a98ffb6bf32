import { hash } from "node:crypto";
import { HOUR, type Instant, type Ms, SECOND } from "../../domain/time.ts";
import type { WorldTime } from "../time.ts";
import { Refusal } from "./refusal.ts";

/** What the callers have used, by token: tokens of one person share a limit in life, here each has its own. */
export interface Meter {
  /** Throws when the token has used up its hour. */
  admit(token: string): void;
  charge(token: string): void;
  headers(token: string): Record<string, string>;
  window(token: string): { limit: number; remaining: number; reset: number; used: number };
  readonly points: () => number;
  /** Nothing is left to anybody until then: the time is a whole second, as GitHub tells it. */
  drain(status: 403 | 429, ms: Ms): Instant;
  restore(): void;
}

export function createMeter(time: WorldTime, limit: number): Meter {
  const windows = new Map<string, { since: number; used: number }>();
  let drained: { readonly status: 403 | 429; readonly until: Instant } | null = null;
  let points = 0;

  function current(token: string): { since: number; used: number } {
    const found = windows.get(token);
    if (found !== undefined && time.now() < found.since + HOUR) return found;
    const fresh = { since: time.now(), used: 0 };
    windows.set(token, fresh);
    return fresh;
  }

  function window(token: string) {
    if (drained !== null) return { limit, remaining: 0, reset: drained.until / SECOND, used: limit };
    const { since, used } = current(token);
    return { limit, remaining: Math.max(0, limit - used), reset: Math.ceil((since + HOUR) / 1_000), used };
  }

  function headers(token: string): Record<string, string> {
    const fields = Object.entries(window(token)).map(([name, value]) => [`x-ratelimit-${name}`, String(value)]);
    return { ...Object.fromEntries(fields), "x-ratelimit-resource": "core" };
  }

  return {
    window,
    headers,
    points: () => points,

    admit(token) {
      if (window(token).remaining > 0) return;
      throw new Refusal(drained?.status ?? 403, "API rate limit exceeded for user ID 1.", headers(token));
    },

    drain(status, ms) {
      drained = { status, until: Math.ceil((time.now() + ms) / SECOND) * SECOND };
      return drained.until;
    },

    restore() {
      drained = null;
    },

    charge(token) {
      current(token).used += 1;
      points += 1;
    },
  };
}

/** Depends on the token, as GitHub's do: a rotated token pays for every answer once more. */
export const etagOf = (token: string, version: string): string => `W/"${hash("sha256", `${token}\n${version}`)}"`;
