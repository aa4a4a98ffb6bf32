import type { GuestName } from "../ids.ts";
import { type Instant, MINUTE } from "../time.ts";
import type { Action, Note } from "./actions.ts";
import type { Hand } from "./decide.ts";
import type { Sighting } from "./sighting.ts";

type Braked = "deregister" | "stop";

/** When one of the two steps of retiring a running guest was last in our hands. */
export interface Retirement {
  readonly kind: Braked;
  readonly guest: GuestName;
  readonly at: Instant;
}

export interface Quota {
  readonly steps: readonly (Action | Note)[];
  /** What the next passes must know: only the last minute. */
  readonly retirements: readonly Retirement[];
}

/** Whatever we may have misread, no more than this share of the running guests goes in one minute. */
const share = 0.25;
const always = 3;

/**
 * Turns the retirements beyond the quota into notes. Both steps have the same quota and are counted apart; each counts until
 * a minute after its end, as its call may reach the server at any moment before.
 */
export function withinQuota(
  steps: readonly (Action | Note)[],
  sightings: readonly Sighting[],
  earlier: readonly Retirement[],
  now: Instant,
  hands: readonly Pick<Hand, "key" | "kind">[] = [],
): Quota {
  const running = sightings.filter(({ guest }) => guest.power === "running" && guest.stray === null).length;
  const quota = Math.max(always, Math.floor(running * share));
  const underWay = new Set(hands.map(({ kind, key }) => `${kind} ${key}`));
  // A time that lies ahead was stamped before the clock went back.
  const recent = earlier
    .map((one) => (underWay.has(`${one.kind} ${one.guest}`) ? { ...one, at: now } : one))
    .filter(({ at }) => at > now - MINUTE && at <= now);
  const allowed = new Set<GuestName>();
  const begun: Retirement[] = [];
  for (const kind of ["deregister", "stop"] as const) {
    const wished = steps.filter((step): step is Action<Braked> => "kind" in step && step.kind === kind);
    const room = Math.max(0, quota - recent.filter((one) => one.kind === kind).length);
    for (const { guest } of [...wished].sort((a, b) => urgency(b) - urgency(a)).slice(0, room)) {
      allowed.add(guest.name);
      begun.push({ kind, guest: guest.name, at: now });
    }
  }
  const retirements = [...recent, ...begun];
  const retired = (kind: Braked): number => retirements.filter((one) => one.kind === kind).length;
  return {
    retirements,
    steps: steps.map((step) =>
      !isBraked(step) || allowed.has(step.guest.name)
        ? step
        : {
            about: step.guest.name,
            text: `${step.why}; waits: ${retired(step.kind)} of ${running} running guests were ${words[step.kind]} in the last minute`,
          },
    ),
  };
}

const words = { deregister: "withdrawn", stop: "retired" } as const satisfies Record<Braked, string>;

const isBraked = (step: Action | Note): step is Action<Braked> =>
  "kind" in step && (step.kind === "stop" || step.kind === "deregister");

/** A guest beyond its hard lifetime goes before the others. */
const urgency = (action: Action<Braked>): number => (action.kind === "stop" && action.evidence === "overdue" ? 1 : 0);
