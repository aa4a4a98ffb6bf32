import type { GuestName } from "../ids.ts";
import { spell } from "../time.ts";
import { type Demand, desired, serving } from "./demand.ts";
import type { Sighting } from "./sighting.ts";
import { stageOf } from "./stage.ts";

/** Idle runners beyond demand, longest idle first, and those whose withdrawal has begun: with the reason. Draining has no patience. */
export function surplus(
  demands: readonly Demand[],
  sightings: readonly Sighting[],
  draining: boolean,
): ReadonlyMap<GuestName, string> {
  const reasons = new Map<GuestName, string>();
  for (const demand of demands) {
    const mine = sightings.filter((s) => s.pool.name === demand.pool.name);
    const idle = mine
      .filter((s) => stageOf(s) === "online" && (draining || idleFor(s) >= demand.pool.idlePatience))
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

const idleFor = ({ trace }: Sighting): number =>
  trace.idleSince === null || trace.listedAt === null ? 0 : trace.listedAt - trace.idleSince;
