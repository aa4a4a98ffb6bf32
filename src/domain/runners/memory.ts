import type { GuestName, RunnerId } from "../ids.ts";
import type { ForgeView, RunnerView } from "../observation.ts";
import type { Instant } from "../time.ts";
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
}

export interface Memory {
  readonly traces: ReadonlyMap<GuestName, Trace>;
  /** Runner records of ours that have no guest: since when. */
  readonly orphans: ReadonlyMap<RunnerId, Instant>;
  /** Of the last minute. */
  readonly retirements: readonly Retirement[];
  readonly boots: Boots;
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
};

export const blankMemory: Memory = { traces: new Map(), orphans: new Map(), retirements: [], boots: noBoots };

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

function traced({ trace, side, record, job }: Sighting, now: Instant): Trace {
  const watchedSince = trace.watchedSince ?? now;
  if (side === "unknown") return { ...trace, watchedSince };
  const idle = side === "idle" || side === "offline" || side === "lost";
  return {
    seenOnline: trace.seenOnline || record?.online === true || job !== null,
    idleSince: idle ? (trace.idleSince ?? now) : null,
    goneSince: side === "gone" || side === "awaited" ? (trace.goneSince ?? now) : null,
    listedAt: now,
    withdrawnAt: trace.withdrawnAt,
    // GitHub's own stamp, translated afresh, holds also when our clock has jumped since the first sign.
    jobSince: job?.startedAt ?? trace.jobSince ?? firstSign(trace, side, now),
    look: trace.look,
    watchedSince,
  };
}

/** A record that vanishes from an online runner without our doing was most likely spent on a job. */
function firstSign(trace: Trace, side: RunnerSide, now: Instant): Instant | null {
  if (side === "busy") return now;
  return side === "gone" && trace.seenOnline && trace.withdrawnAt === null ? now : null;
}
