import type { GuestName, RunnerId } from "../ids.ts";
import { isUnarmed } from "../marker.ts";
import type { ForgeView, GuestView, RunnerView } from "../observation.ts";
import type { Instant, Ms } from "../time.ts";
import { type Boots, noBoots } from "./boots.ts";
import { type GuestState, wordOf } from "./guest-state.ts";
import type { Retirement } from "./quota.ts";
import type { RunnerSide, Sighting } from "./sighting.ts";

/** What a guest said when it was asked. */
export interface Look {
  readonly state: GuestState;
  readonly at: Instant;
  /** First of the unbroken row of answers of one meaning: a job, none, or nobody knows. */
  readonly since: Instant;
}

/**
 * What a guest without a secret said when it was asked whether it waits for one. answers: its agent does, and it does not
 * wait yet · unknown: nobody can say, a privilege among the reasons.
 */
export type Readiness = "waiting" | "answers" | "silent" | "unknown";

export interface Hearing {
  readonly readiness: Readiness;
  readonly at: Instant;
  /** First of the unbroken row of answers of this kind. */
  readonly since: Instant;
}

/** What we saw of one guest's runner in earlier passes: only times, so forgetting them costs patience, never safety. */
export interface Trace {
  readonly seenOnline: boolean;
  /** First of the unbroken row of complete lists that show the record without a job. */
  readonly idleSince: Instant | null;
  /** First of the unbroken row of complete lists that lack the record. */
  readonly goneSince: Instant | null;
  /** The latest complete list. */
  readonly listedAt: Instant | null;
  /** When GitHub took the record away at our wish (204). */
  readonly withdrawnAt: Instant | null;
  /** First sign of a job. */
  readonly jobSince: Instant | null;
  /** What the guest itself said last. */
  readonly look: Look | null;
  /** The first pass of this process that saw the guest: our clock may have been another one when it was made. */
  readonly watchedSince: Instant | null;
  /** Since when it has run, as far as this process saw; of one that ran already, since it was made. */
  readonly runningSince: Instant | null;
  readonly heard: Hearing | null;
  /** When this process gave it its secret. */
  readonly armedAt: Instant | null;
}

export interface Memory {
  readonly traces: ReadonlyMap<GuestName, Trace>;
  /** Runner records of ours that have no guest: since when. */
  readonly orphans: ReadonlyMap<RunnerId, Instant>;
  /** Of the last minute. */
  readonly retirements: readonly Retirement[];
  readonly boots: Boots;
  /** By template: how long its guests take from their start until they wait for their secret. */
  readonly usualBoots: ReadonlyMap<string, Ms>;
}

export const noTrace: Trace = {
  seenOnline: false,
  idleSince: null,
  goneSince: null,
  listedAt: null,
  withdrawnAt: null,
  jobSince: null,
  look: null,
  watchedSince: null,
  runningSince: null,
  heard: null,
  armedAt: null,
};

export const blankMemory: Memory = {
  traces: new Map(),
  orphans: new Map(),
  retirements: [],
  boots: noBoots,
  usualBoots: new Map(),
};

/** Pure: the memory after this pass. Guests and records that are no longer there are forgotten. */
export function remember(
  before: Memory,
  sightings: readonly Sighting[],
  orphans: readonly RunnerView[],
  forge: ForgeView,
  now: Instant,
): Memory {
  const silent = forge.silentScopes.size > 0;
  const kept = silent ? [...before.orphans] : [];
  return {
    traces: new Map(sightings.map((s) => [s.guest.name, traced(s, now)])),
    orphans: new Map([...kept, ...orphans.map((r) => [r.id, before.orphans.get(r.id) ?? now] as const)]),
    retirements: before.retirements,
    boots: before.boots,
    usualBoots: before.usualBoots,
  };
}

/** GitHub answered 204 to our wish to withdraw this runner. */
export function withdrawn(memory: Memory, name: GuestName, at: Instant): Memory {
  const trace = memory.traces.get(name) ?? noTrace;
  return { ...memory, traces: new Map(memory.traces).set(name, { ...trace, withdrawnAt: at }) };
}

/** The guest answered, or did not. */
export function looked(memory: Memory, name: GuestName, state: GuestState, at: Instant): Memory {
  const trace = memory.traces.get(name) ?? noTrace;
  const same = trace.look !== null && wordOf(trace.look.state) === wordOf(state);
  const look = { state, at, since: same && trace.look !== null ? trace.look.since : at };
  const jobSince = trace.jobSince ?? (state.kind === "job" ? at : null);
  return { ...memory, traces: new Map(memory.traces).set(name, { ...trace, look, jobSince }) };
}

/** A guest without a secret was asked whether it waits for one; the first that says so tells how long its template boots. */
export function heard(
  memory: Memory,
  { name, template }: { readonly name: GuestName; readonly template: string },
  readiness: Readiness,
  at: Instant,
): Memory {
  const trace = memory.traces.get(name) ?? noTrace;
  const again = trace.heard?.readiness === readiness;
  const since = again ? (trace.heard?.since ?? at) : at;
  const news = readiness === "waiting" && !again && trace.runningSince !== null;
  return {
    ...memory,
    traces: new Map(memory.traces).set(name, { ...trace, heard: { readiness, at, since } }),
    usualBoots: news ? new Map(memory.usualBoots).set(template, at - (trace.runningSince ?? at)) : memory.usualBoots,
  };
}

/** It was given its secret: from now on its runner has its time to come. */
export function armed(memory: Memory, name: GuestName, at: Instant): Memory {
  const trace = memory.traces.get(name) ?? noTrace;
  return { ...memory, traces: new Map(memory.traces).set(name, { ...trace, armedAt: at }) };
}

function traced({ guest, trace: before, side, record, job }: Sighting, now: Instant): Trace {
  const watchedSince = before.watchedSince ?? now;
  const trace = { ...before, watchedSince, runningSince: runningSince(guest, before, now) };
  // Without a secret there is no runner: nothing that GitHub lists counts for it yet.
  if (side === "unknown" || (isUnarmed(guest) && !trace.seenOnline && job === null)) {
    const listedAt = side === "unknown" ? trace.listedAt : now;
    return { ...trace, seenOnline: trace.seenOnline || record?.online === true, listedAt };
  }
  const idle = side === "idle" || side === "offline" || side === "lost";
  return {
    ...trace,
    seenOnline: trace.seenOnline || record?.online === true || job !== null,
    idleSince: idle ? (trace.idleSince ?? now) : null,
    goneSince: side === "gone" || side === "awaited" ? (trace.goneSince ?? now) : null,
    listedAt: now,
    // GitHub's own stamp, translated afresh, holds also when our clock has jumped since the first sign.
    jobSince: job?.startedAt ?? trace.jobSince ?? firstSign(trace, side, now),
  };
}

function runningSince({ power, marker }: GuestView, trace: Trace, now: Instant): Instant | null {
  if (trace.runningSince !== null || power !== "running") return trace.runningSince;
  return trace.watchedSince === null ? Math.min(marker.created, now) : now;
}

/** A record that vanishes from an online runner without our doing was most likely spent on a job. */
function firstSign(trace: Trace, side: RunnerSide, now: Instant): Instant | null {
  if (side === "busy") return now;
  return side === "gone" && trace.seenOnline && trace.withdrawnAt === null ? now : null;
}
