import type { GuestName } from "../ids.ts";
import type { JobView } from "../observation.ts";
import { type Instant, type Ms, SECOND, spell } from "../time.ts";
import type { Action, Note } from "./actions.ts";
import type { Demand } from "./demand.ts";
import { type Asking, lookAt } from "./looks.ts";
import type { Hearing, Memory } from "./memory.ts";
import { templateOf } from "./rests.ts";
import { recordOf, refOf, stop } from "./retire.ts";
import { bootDeadlineOf, type Sighting } from "./sighting.ts";
import { stageOf } from "./stage.ts";

/** The guests that run without a secret and are not in our hands. */
export const unarmedIn = (sightings: readonly Sighting[], inHand: ReadonlySet<string>): readonly Sighting[] =>
  sightings.filter((seen) => stageOf(seen) === "unarmed" && !inHand.has(seen.guest.name));

/** The job for which each is armed: those for which no other runner is there or on its way. Whoever waits already goes first. */
export function jobsFor(
  demands: readonly Demand[],
  unarmed: readonly Sighting[],
): ReadonlyMap<GuestName, JobView | undefined> {
  return new Map(
    demands.flatMap((demand) => {
      const mine = unarmed.filter((seen) => seen.pool.name === demand.pool.name).sort(byReadiness);
      const jobs = demand.waiting.slice(Math.max(0, demand.ready - mine.length));
      return mine.map((seen, index) => [seen.guest.name, jobs[index]] as const);
    }),
  );
}

export interface Arming {
  /** Undefined: no job is left for it. */
  readonly job: JobView | undefined;
  /** Why it is not needed any more. */
  readonly surplus: string | null;
  readonly usualBoots: Memory["usualBoots"];
}

/** The next step of a guest that runs without a secret. Nothing at GitHub can depend on it yet. */
export function armingStep(seen: Sighting, { job, surplus, usualBoots }: Arming, at: Asking): Action | Note | null {
  const { guest, pool, record, trace } = seen;
  const { now } = at;
  if (surplus !== null) return stop(seen, "unarmed", surplus);
  if (!isWaiting(seen) && now >= bootDeadlineOf(seen)) {
    const why = `it does not wait for its secret within ${spell(pool.bootDeadline)}; ${spellHeard(trace.heard, now)}`;
    return stop(seen, "unarmed", why);
  }
  if (at.asking || now < askedAt(seen, usualBoots)) return null;
  if (job !== undefined) {
    return {
      kind: "arm",
      pool: pool.name,
      why: `job ${job.name} of ${job.repository} waits, and this guest has no secret yet`,
      guest: refOf(seen),
      node: guest.node,
      os: guest.os,
      record: record === null ? null : recordOf(seen, record),
      job: { repository: job.repository, id: job.id },
    };
  }
  return isWaiting(seen)
    ? { about: guest.name, text: "it waits for its secret, and no job waits for it" }
    : lookAt(seen, "readiness", "it may be up by now");
}

/** The next moment at which one of them is to be asked: a pass that comes later would cost jobs that time. */
export function nextQuestion(
  unarmed: readonly Sighting[],
  usualBoots: Memory["usualBoots"],
  now: Instant,
): Instant | null {
  const coming = unarmed.map((seen) => askedAt(seen, usualBoots)).filter((at) => at > now);
  return coming.length === 0 ? null : Math.min(...coming);
}

/** A little before it is usually up: an answer tells at once how long it took, and a silence costs PVE three seconds of a worker. */
const early = 0.8;
const firstQuestion: Ms = 5 * SECOND;
const betweenQuestions: Ms = 5 * SECOND;

/** The longer it has been silent, the less often it is asked. */
function askedAt({ pool, trace: { heard, runningSince } }: Sighting, usualBoots: Memory["usualBoots"]): Instant {
  if (runningSince === null || heard?.readiness === "waiting") return 0;
  if (heard !== null) return heard.at + Math.max(betweenQuestions, (heard.at - runningSince) / 4);
  const usual = usualBoots.get(templateOf(pool.guest));
  return runningSince + (usual === undefined ? firstQuestion : usual * early);
}

const isWaiting = ({ trace }: Sighting): boolean => trace.heard?.readiness === "waiting";

const byReadiness = (a: Sighting, b: Sighting): number =>
  Number(isWaiting(b)) - Number(isWaiting(a)) || a.guest.marker.created - b.guest.marker.created;

function spellHeard(heard: Hearing | null, now: Instant): string {
  if (heard === null) return "nobody has asked it yet";
  const words = {
    waiting: "it waits",
    answers: "its guest agent answers, but its image does not say that it waits",
    silent: "its guest agent is silent",
    unknown: "what its guest agent says cannot be known",
  } as const satisfies Record<Hearing["readiness"], string>;
  return `${words[heard.readiness]} (asked ${spell(now - heard.at)} ago)`;
}
