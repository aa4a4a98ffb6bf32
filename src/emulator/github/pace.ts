import { type Instant, MINUTE, SECOND } from "../../domain/time.ts";
import type { Audit } from "../audit.ts";
import type { Handler } from "../handler.ts";
import type { WorldTime } from "../time.ts";
import { type Call, callOf, tokenOf } from "./calls.ts";

/** How hard GitHub was asked. */
export interface Pace {
  /** Of one kind of call by one token: reading costs one point, changing five. GitHub allows 900. */
  readonly mostPointsAMinute: number;
  /** GitHub allows 100. */
  readonly mostAtOnce: number;
  /** Calls that came although their token had been told to wait. */
  readonly overdrawn: number;
}

type Limit = "primary" | "secondary";

/** Watches whether callers heed what they are told; refuses nothing. */
export function createPace(parts: { time: WorldTime; audit: Audit }): {
  around(handler: Handler): Handler;
  pace(): Pace;
} {
  const { time, audit } = parts;
  const told = new Map<string, { readonly from: Instant; readonly until: Instant }>();
  const points = new Map<string, { readonly at: Instant; readonly cost: number }[]>();
  let [mostPointsAMinute, mostAtOnce, overdrawn, atOnce] = [0, 0, 0, 0];

  /** The hour's points are of the token, the other limit is of what was asked. */
  const key = (limit: Limit, token: string, call: Call): string =>
    limit === "primary" ? `primary ${token}` : `secondary ${token} ${call}`;

  function heed(token: string, call: Call): void {
    // What asks for the limits draws on none.
    if (call === "limits") return;
    for (const limit of ["primary", "secondary"] as const) {
      const quiet = told.get(key(limit, token, call));
      const now = time.now();
      if (quiet === undefined || now <= quiet.from || now >= quiet.until) continue;
      overdrawn += 1;
      audit({ event: "overdrawn", limit, call, earlyMs: quiet.until - now });
    }
  }

  function count(token: string, call: Call, cost: number): void {
    const now = time.now();
    const recent = (points.get(`${token} ${call}`) ?? []).filter(({ at }) => at > now - MINUTE);
    recent.push({ at: now, cost });
    points.set(`${token} ${call}`, recent);
    const sum = recent.reduce((total, one) => total + one.cost, 0);
    mostPointsAMinute = Math.max(mostPointsAMinute, sum);
  }

  function hear(token: string, call: Call, { status, headers }: Response): void {
    if (status !== 403 && status !== 429) return;
    const from = time.now();
    const wait = headers.get("retry-after");
    const reset = headers.get("x-ratelimit-reset");
    if (wait !== null) told.set(key("secondary", token, call), { from, until: from + Number(wait) * SECOND });
    else if (headers.get("x-ratelimit-remaining") === "0" && reset !== null) {
      told.set(key("primary", token, call), { from, until: Number(reset) * SECOND });
    }
  }

  return {
    pace: () => ({ mostPointsAMinute, mostAtOnce, overdrawn }),

    around: (handler) => async (request) => {
      const [token, call] = [tokenOf(request), callOf(request)];
      heed(token, call);
      count(token, call, request.method === "GET" ? 1 : 5);
      atOnce += 1;
      mostAtOnce = Math.max(mostAtOnce, atOnce);
      try {
        const answer = await handler(request);
        hear(token, call, answer);
        return answer;
      } finally {
        atOnce -= 1;
      }
    },
  };
}
