import type { Chance } from "../../domain/naming.ts";
import type { Handler } from "../handler.ts";
import { pause, type WorldTime } from "../time.ts";
import { type Call, callOf, tokenOf } from "./calls.ts";
import type { Meter } from "./meter.ts";
import { longestLag } from "./past.ts";
import { Refusal } from "./refusal.ts";
import { type Kind, type Of, type Reach, silence, type Trouble } from "./trouble.ts";

/** What is wrong with this GitHub at the moment: a driver switches it on and off. */
export interface Weather {
  /** Returns how to end it. */
  begin(trouble: Trouble): () => void;
  clear(): void;
  /** How often something met each kind. */
  met(): Readonly<Partial<Record<Kind, number>>>;
}

/** The same, as those see it who are in it. */
export interface Climate extends Weather {
  /** The first such trouble that holds; asking counts as meeting it. */
  now<K extends Kind>(kind: K, wanted?: (trouble: Of<K>) => boolean): Of<K> | null;
  around(handler: Handler): Handler;
}

/** How far a list has moved since its first page was asked for. */
export function shiftOf(weather: Climate, call: Call, url: URL): number {
  if (Number(url.searchParams.get("page") ?? "1") <= 1) return 0;
  return weather.now("shifting pages", ({ calls }) => calls?.includes(call) ?? true)?.by ?? 0;
}

/** Where nobody said which calls. */
const reachOf = (trouble: Trouble & Reach): Reach["calls"] =>
  trouble.calls ?? (trouble.kind === "lost answer" ? ["mint"] : undefined);

export function createWeather(parts: { time: WorldTime; chance: Chance; meter: Meter }): Climate {
  const { time, chance, meter } = parts;
  const active = new Set<Trouble>();
  const left = new Map<Trouble, number>();
  const met = new Map<Kind, number>();

  function meets(trouble: Trouble): void {
    met.set(trouble.kind, (met.get(trouble.kind) ?? 0) + 1);
    const more = left.get(trouble);
    if (more === undefined) return;
    left.set(trouble, more - 1);
    if (more <= 1) end(trouble);
  }

  function end(trouble: Trouble): void {
    if (active.delete(trouble) && trouble.kind === "exhausted") meter.restore();
    left.delete(trouble);
  }

  function find<K extends Kind>(kind: K, wanted: (trouble: Of<K>) => boolean = () => true): Of<K> | null {
    for (const trouble of active) {
      if (trouble.kind !== kind || !wanted(trouble as Of<K>)) continue;
      meets(trouble);
      return trouble as Of<K>;
    }
    return null;
  }

  /** The first trouble of a kind that this request meets. */
  function meeting<K extends Kind>(kind: K, request: Request): Of<K> | null {
    return find(kind, (trouble) => {
      const { oneIn }: Reach = trouble as Reach;
      const calls = reachOf(trouble);
      if (calls !== undefined && !calls.includes(callOf(request))) return false;
      if ("token" in trouble && trouble.token !== undefined && trouble.token !== tokenOf(request)) return false;
      return oneIn === undefined || chance.below(oneIn) === 0;
    });
  }

  function refused(request: Request): Response | null {
    if (meeting("bad credentials", request) !== null) return new Refusal(401, "Bad credentials").toResponse();
    const limit = meeting("secondary limit", request);
    if (limit === null) return null;
    const { status, retryAfter } = limit;
    const headers = {
      ...meter.headers(tokenOf(request)),
      ...(retryAfter === null ? {} : { "retry-after": String(retryAfter) }),
    };
    const message =
      "You have exceeded a secondary rate limit. Please wait a few minutes before you try again. If you reach out to GitHub Support for help, please include the request ID.";
    return new Refusal(status, message, headers).toResponse();
  }

  return {
    begin(trouble) {
      if (trouble.kind === "stale runners" && trouble.ms > longestLag) {
        throw new Error(`stale runners: lists of the last ${longestLag} ms are known, not of the last ${trouble.ms}`);
      }
      // The same order given twice is two troubles.
      const own = { ...trouble };
      active.add(own);
      if ("times" in own && own.times !== undefined) left.set(own, own.times);
      if (own.kind === "exhausted") {
        const until = meter.drain(own.status, own.ms);
        time.after(until - time.now(), () => end(own));
      }
      return () => end(own);
    },

    clear: () => [...active].forEach(end),
    met: () => Object.fromEntries(met),
    now: find,

    around: (handler) => async (request) => {
      const down = meeting("down", request);
      if (down !== null) return silence(down.how);
      const refusal = refused(request);
      if (refusal !== null) return refusal;
      const slow = meeting("slow", request);
      if (slow !== null && slow.late !== true) await pause(time, slow.ms);
      const lost = meeting("lost answer", request);
      const answer = await handler(request);
      if (answer.headers.get("x-ratelimit-remaining") === "0") find("exhausted");
      if (slow?.late === true) await pause(time, slow.ms);
      return lost === null ? answer : silence(lost.how);
    },
  };
}
