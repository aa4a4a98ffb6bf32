import type { ForgeView } from "../observation.ts";
import { type GuestRef, scopeKeyOf } from "../pool.ts";
import { type Instant, spell } from "../time.ts";
import type { Action, Note, RecordRef, StopEvidence } from "./actions.ts";
import { afterWithdrawal, announcedAt, answeringLifetime, betweenAnswers } from "./patience.ts";
import { type Sighting, seesAllJobs } from "./sighting.ts";

/** The next step of retiring a running guest, or why there is none yet. */
export function retireStep(seen: Sighting, why: string, forge: ForgeView, now: Instant): Action | Note {
  const { guest, trace, record } = seen;
  const about = guest.name;
  if (seen.side === "busy") return { about, text: `${why}; kept, since it works` };
  if (seen.side === "unknown") return { about, text: `${why}; kept, since GitHub cannot be asked` };

  if (record !== null) {
    const idleFor = trace.idleSince === null ? 0 : now - trace.idleSince;
    if (idleFor < betweenAnswers)
      return { about, text: `${why}; idle for ${spell(idleFor)} of ${spell(betweenAnswers)}` };
    return {
      kind: "deregister",
      pool: seen.pool.name,
      why: `${why}; idle in answers ${spell(idleFor)} apart`,
      guest: refOf(seen),
      record: recordOf(seen, record),
    };
  }

  const since = goneAt(seen);
  if (since === null) return { about, text: `${why}; its record is missing from one list so far` };
  if (now - since < afterWithdrawal) return { about, text: `${why}; no record for ${spell(now - since)}` };
  if (seesAllJobs(seen.pool, forge)) return stop(seen, "withdrawn", `${why}; no record, and no job carries its name`);
  return stopUnseen(seen, why, now);
}

/** The hard lifetime ends a job that never ends by itself. */
export function overdueStep(seen: Sighting, now: Instant): Action | Note | null {
  const { jobSince } = seen.trace;
  if (jobSince === null) return null;
  const age = now - jobSince;
  const limit = seen.pool.hardLifetime;
  if (age >= limit)
    return stop(seen, "overdue", `its job has run for ${spell(age)}, the hard lifetime is ${spell(limit)}`);
  if (age < limit * announcedAt) return null;
  return { about: seen.guest.name, text: `its job has run for ${spell(age)}: it is stopped at ${spell(limit)}` };
}

export const refOf = ({ guest }: Sighting): GuestRef => ({ vmid: guest.vmid, name: guest.name });

export const recordOf = (seen: Sighting, record: NonNullable<Sighting["record"]>): RecordRef => ({
  scope: scopeKeyOf(seen.pool.scope),
  id: record.id,
});

/** Where not all jobs can be seen, only a guest in which no job was ever seen may go before its hard lifetime. */
function stopUnseen(seen: Sighting, why: string, now: Instant): Action | Note {
  const about = seen.guest.name;
  const age = now - seen.guest.marker.created;
  if (seen.trace.jobSince !== null || seen.trace.seenOnline) {
    return { about, text: `${why}; it may work for a repository that is not polled: waits for power-off` };
  }
  if (age < seen.pool.bootDeadline) return { about, text: `${why}; its boot deadline has not passed` };
  const evidence: StopEvidence = age >= answeringLifetime ? "overdue" : "silent";
  return stop(seen, evidence, `${why}; no job was ever seen in ${spell(age)}`);
}

/** Since when the record is gone beyond doubt: withdrawn by us, or missing from two lists far enough apart. */
function goneAt({ trace }: Sighting): Instant | null {
  if (trace.withdrawnAt !== null) return trace.withdrawnAt;
  if (trace.goneSince === null || trace.listedAt === null) return null;
  return trace.listedAt - trace.goneSince >= betweenAnswers ? trace.goneSince + betweenAnswers : null;
}

const stop = (seen: Sighting, evidence: StopEvidence, why: string): Action => ({
  kind: "stop",
  pool: seen.pool.name,
  why,
  guest: refOf(seen),
  node: seen.guest.node,
  evidence,
});
