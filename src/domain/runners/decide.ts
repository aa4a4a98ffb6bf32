import type { GuestName, InstanceName, NodeName, PoolName } from "../ids.ts";
import type { ForgeView, SiteView } from "../observation.ts";
import type { RunnerPool } from "../pool.ts";
import { type Instant, spell } from "../time.ts";
import type { Action, Note, Plan } from "./actions.ts";
import { type Arming, armingStep, jobsFor, nextQuestion, unarmedIn } from "./arming.ts";
import { countBoots, trialOf } from "./boots.ts";
import { create } from "./create.ts";
import { demands } from "./demand.ts";
import { type Asking, askWorker, lookKey } from "./looks.ts";
import { type Memory, remember } from "./memory.ts";
import { forgets, orphansIn, sweeps } from "./orphans.ts";
import { withinQuota } from "./quota.ts";
import { announcement, overdueStep, recordOf, refOf, retireStep } from "./retire.ts";
import { bootDeadlineOf, type Sighting, sight } from "./sighting.ts";
import { type Stage, stageOf } from "./stage.ts";
import { surplus } from "./surplus.ts";

/** An operation that was in our hands at some moment of this pass: what it is about is left alone. */
export interface Hand {
  readonly key: string;
  readonly kind: string;
  readonly pool: PoolName;
  readonly node: NodeName | null;
}

export interface RunnerWorld {
  readonly instance: InstanceName;
  readonly pools: readonly RunnerPool[];
  readonly maxTotal: number;
  /** No job gets a guest any more, and whoever has none is let go. */
  readonly draining: boolean;
  readonly site: SiteView;
  readonly forge: ForgeView;
  readonly memory: Memory;
  readonly hands: readonly Hand[];
  /** What rests after a failure, by key, and why. */
  readonly resting: ReadonlyMap<string, string>;
  /** Guests that this instance has removed, as far as it remembers. */
  readonly destroyed: ReadonlySet<GuestName>;
}

export interface Decision {
  readonly plan: Plan;
  readonly memory: Memory;
  readonly sightings: readonly Sighting[];
}

/** Pure, total, synchronous: same world and time, same decision. */
export function decide(world: RunnerWorld, now: Instant): Decision {
  const { site, forge, pools } = world;
  const inHand = new Set(world.hands.map((hand) => hand.key));
  const orphans = orphansIn(world, inHand);
  const seen = sight(site.guests, pools, forge, world.memory.traces);
  const memory = remember(
    world.memory,
    seen,
    orphans.map((o) => o.runner),
    forge,
    now,
  );
  const sightings = seen.map((s) => ({ ...s, trace: memory.traces.get(s.guest.name) ?? s.trace }));
  const boots = countBoots(memory.boots, seen, sightings, inHand, now);
  const demand = demands(world, sightings);
  const idle = surplus(demand, sightings, world.draining);
  const unarmed = unarmedIn(sightings, inHand);
  const jobs = jobsFor(demand, unarmed);
  const { usualBoots } = memory;

  const wishes: readonly (Action | Note)[] = [
    ...sightings
      .filter((s) => !inHand.has(s.guest.name))
      .flatMap((s) => {
        const { name } = s.guest;
        const at = { now, asking: inHand.has(lookKey(name)) };
        const arming = { job: jobs.get(name), surplus: idle.get(name) ?? null, usualBoots };
        return rested(stepFor(s, arming, forge, at), s, world);
      }),
    ...forgets(orphans, memory, world, now),
    ...sweeps(world, inHand),
    ...create(world, demand, (pool) => trialOf(pool, boots, sightings, world, now)),
  ];
  const { steps, retirements } = withinQuota(wishes, sightings, memory.retirements, now, world.hands);
  const plan: Plan = {
    actions: steps.filter((step): step is Action => "kind" in step),
    notes: steps.filter((step): step is Note => !("kind" in step)),
    due: nextQuestion(unarmed, usualBoots, now),
  };
  return { plan, memory: { ...memory, retirements, boots }, sightings };
}

/** One guest, one step at most. */
function stepFor(seen: Sighting, arming: Arming, forge: ForgeView, at: Asking): Action | Note | null {
  const { now } = at;
  const { surplus } = arming;
  const late = `no runner within ${spell(seen.pool.bootDeadline)}`;
  const table = {
    stray: () => strayNote(seen),
    unclear: () => ({ about: seen.guest.name, text: "kept: PVE or GitHub cannot say how it is" }),
    cloning: () => null,
    cold: () => remove(seen, "it was cloned and never started"),
    finished: () => remove(seen, "it is powered off"),
    unarmed: () => armingStep(seen, arming, at),
    booting: () => (now < bootDeadlineOf(seen) ? null : retireStep(seen, late, forge, at)),
    online: () => scrub(seen) ?? (surplus === null ? null : retireStep(seen, surplus, forge, at)),
    busy: () => overdueStep(seen, now) ?? scrub(seen) ?? askWorker(seen, at) ?? announcement(seen, at),
    lost: () => scrub(seen) ?? retireStep(seen, "its runner went offline", forge, at),
    leaving: () => overdueStep(seen, now) ?? retireStep(seen, "its runner's work is over", forge, at),
  } satisfies Record<Stage, () => Action | Note | null>;
  return table[stageOf(seen)]();
}

/** After a failure the same wish waits a while, and says so. */
function rested(step: Action | Note | null, seen: Sighting, world: RunnerWorld): readonly (Action | Note)[] {
  if (step === null) return [];
  const rest = world.resting.get(seen.guest.name);
  return rest === undefined || !("kind" in step) ? [step] : [{ about: seen.guest.name, text: `${step.why}; ${rest}` }];
}

const remove = (seen: Sighting, why: string): Action => ({
  kind: "remove",
  pool: seen.pool.name,
  why,
  guest: refOf(seen),
  node: seen.guest.node,
  record: seen.record === null ? null : recordOf(seen, seen.record),
});

function scrub(seen: Sighting): Action | null {
  if (!seen.guest.seedAttached || seen.guest.power !== "running") return null;
  const why = "its runner is online: the seed has served";
  return { kind: "scrub", pool: seen.pool.name, why, guest: refOf(seen), node: seen.guest.node };
}

const strayNote = ({ guest }: Sighting): Note | null =>
  guest.stray === null
    ? null
    : {
        about: guest.name,
        text: `VMID ${guest.vmid} is a stray, left alone: ${guest.stray.why}; ${guest.stray.remedy}`,
      };
