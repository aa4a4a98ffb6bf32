import type { GuestName } from "../ids.ts";
import { spell } from "../time.ts";
import { type Demand, desired, serving } from "./demand.ts";
import type { Sighting } from "./sighting.ts";
import { stageOf } from "./stage.ts";

/** Idle runners and unarmed guests beyond demand, longest idle first, and those whose withdrawal has begun: with the reason. Draining has no patience. */
export function surplus(
  demands: readonly Demand[],
  sightings: readonly Sighting[],
  draining: boolean,
): ReadonlyMap<GuestName, string> {
  const reasons = new Map<GuestName, string>();
  for (const demand of demands) {
    const mine = sightings.filter((s) => s.pool.name === demand.pool.name);
    const idle = mine
      .filter((s) => hasNothing(s) && (draining || idleFor(s) >= demand.pool.idlePatience))
      .sort((a, b) => idleFor(b) - idleFor(a));
    for (const s of idle.slice(0, Math.max(0, serving(demand) - desired(demand)))) {
      reasons.set(
        s.guest.name,
        draining ? "it has no job, and this is a drain" : `no job has come for it in ${spell(idleFor(s))}`,
      );
    }
    for (const s of mine.filter((m) => m.trace.withdrawnAt !== null))
      reasons.set(s.guest.name, "its runner was withdrawn");
  }
  return reasons;
}

/** A runner that idles, or a guest that has no secret yet. */
const hasNothing = (seen: Sighting): boolean => stageOf(seen) === "online" || stageOf(seen) === "unarmed";

function idleFor(seen: Sighting): number {
  const { heard, idleSince, listedAt } = seen.trace;
  const since = stageOf(seen) === "online" ? idleSince : heard?.readiness === "waiting" ? heard.since : null;
  return since === null || listedAt === null ? 0 : Math.max(0, listedAt - since);
}
