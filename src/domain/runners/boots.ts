import type { GuestName } from "../ids.ts";
import { isUnarmed } from "../marker.ts";
import type { RunnerPool } from "../pool.ts";
import { type Instant, MINUTE, type Ms, spell } from "../time.ts";
import type { Hand, RunnerWorld } from "./decide.ts";
import { templateOf } from "./rests.ts";
import { bootDeadlineOf, type Sighting } from "./sighting.ts";
import { stageOf } from "./stage.ts";

/** Guests of one template that came up without a runner, with none in between that had one. */
interface Failures {
  readonly count: number;
  readonly at: Instant;
  readonly last: GuestName;
}

/** In memory only: after a restart a broken template costs two guests more. */
export interface Boots {
  readonly failures: ReadonlyMap<string, Failures>;
  /** Those that have been counted and are still there: each counts once. */
  readonly counted: ReadonlySet<GuestName>;
}

export const noBoots: Boots = { failures: new Map(), counted: new Set() };

/** Pure: the count after this pass. `before` shows the same guests with what was known of them earlier. */
export function countBoots(
  earlier: Boots,
  before: readonly Sighting[],
  sightings: readonly Sighting[],
  inHand: ReadonlySet<string>,
  now: Instant,
): Boots {
  const known = new Map(before.map(({ guest, trace }) => [guest.name, trace]));
  const failures = new Map(earlier.failures);
  const counted = new Set<GuestName>();
  for (const seen of sightings) {
    const { name } = seen.guest;
    if (earlier.counted.has(name)) counted.add(name);
    else if (!inHand.has(name) && hasFailed(seen, known.get(name)?.watchedSince ?? null, now)) {
      counted.add(name);
      const template = templateOf(seen.pool.guest);
      failures.set(template, { count: (failures.get(template)?.count ?? 0) + 1, at: now, last: name });
    }
  }
  // One that was online all the time says nothing of what the template makes today.
  for (const { guest, pool, trace } of sightings) {
    if (trace.seenOnline && known.get(guest.name)?.seenOnline === false) failures.delete(templateOf(pool.guest));
  }
  return { failures, counted };
}

/** How many guests may be begun of a template that fails, and why no more. */
export interface Trial {
  readonly most: 0 | 1;
  readonly why: string;
}

/** Null for a template that boots. After its rest one guest at a time shows whether it has been mended. */
export function trialOf(
  pool: RunnerPool,
  boots: Boots,
  sightings: readonly Sighting[],
  world: Pick<RunnerWorld, "hands" | "pools">,
  now: Instant,
): Trial | null {
  const template = templateOf(pool.guest);
  const failed = boots.failures.get(template);
  if (failed === undefined || failed.count < suspicious) return null;
  const { count, at, last } = failed;
  const story = `${count} guests in a row of template ${template} came up without a runner, the last was ${last}`;
  const left = at + restAfter(count) - now;
  if (left > 0) return { most: 0, why: `${story}; one more is tried in ${spell(left)}` };
  const tried =
    world.hands.find((hand) => isLaunchOf(template, hand, world.pools))?.key ??
    sightings.find((seen) => isOnTrial(template, seen, boots))?.guest.name;
  return tried === undefined
    ? { most: 1, why: `${story}; one is tried first` }
    : { most: 0, why: `${story}; ${tried} is tried first` };
}

const suspicious = 2;

const restAfter = (count: number): Ms => Math.min(MINUTE * 2 ** (count - suspicious), 30 * MINUTE);

/** Watched from before: what a guest of an earlier life has had behind it cannot be known. */
function hasFailed(seen: Sighting, watchedSince: Instant | null, now: Instant): boolean {
  const { guest, side, trace } = seen;
  if (watchedSince === null) return false;
  const deadline = bootDeadlineOf(seen);
  const stage = stageOf(seen);
  // One that waits for its secret has booted: that it gets none is nothing that its template could help.
  const boots = stage === "booting" || (stage === "unarmed" && trace.heard?.readiness !== "waiting");
  if (boots) return now >= deadline && watchedSince < deadline;
  if (stage !== "finished") return false;
  // It powered off before its runner came: a record that nobody has used is left behind, or it was never armed.
  return isUnarmed(guest) ? trace.runningSince !== null : side === "offline";
}

const isOnTrial = (template: string, seen: Sighting, boots: Boots): boolean =>
  templateOf(seen.pool.guest) === template &&
  ["cloning", "unarmed", "booting"].includes(stageOf(seen)) &&
  !boots.counted.has(seen.guest.name);

const isLaunchOf = (template: string, hand: Hand, pools: readonly RunnerPool[]): boolean =>
  hand.kind === "launch" && pools.some(({ name, guest }) => name === hand.pool && templateOf(guest) === template);
