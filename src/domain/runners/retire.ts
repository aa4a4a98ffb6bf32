import type { ForgeView, RunnerView } from "../observation.ts";
import { type GuestRef, scopeKeyOf } from "../pool.ts";
import { type Instant, spell } from "../time.ts";
import type { Action, Note, RecordRef, StopEvidence } from "./actions.ts";
import { type Asking, ask, saying, wordAt } from "./looks.ts";
import {
  afterKnownWithdrawal,
  afterWithdrawal,
  announcedAt,
  answeringLifetime,
  betweenAnswers,
  longestBetweenLooks,
} from "./patience.ts";
import { bootDeadlineOf, type Sighting, seesAllJobs } from "./sighting.ts";

/** The next step of retiring a running guest, or why there is none yet. */
export function retireStep(seen: Sighting, why: string, forge: ForgeView, at: Asking): Action | Note {
  const about = seen.guest.name;
  if (seen.side === "busy") return { about, text: `${why}; kept, since it works` };
  if (seen.side === "unknown") return { about, text: `${why}; kept, since GitHub cannot be asked` };
  return seen.record === null ? stopStep(seen, why, forge, at) : withdrawStep(seen, seen.record, why, at);
}

/** GitHub itself refuses while the runner works: what is asked before only spares it the question. */
function withdrawStep(seen: Sighting, record: RunnerView, why: string, at: Asking): Action | Note {
  const { guest, trace } = seen;
  const about = guest.name;
  const word = wordAt(seen, at.now);
  const deregister = (reason: string): Action => ({
    kind: "deregister",
    pool: seen.pool.name,
    why: `${why}; ${reason}`,
    guest: refOf(seen),
    record: recordOf(seen, record),
  });
  if (word === "free") return deregister(`idle${saying(seen)}`);
  const look = ask(seen, why, at);
  if (look !== null) return look;
  if (word === null && at.asking) return { about, text: `${why}; its guest is being asked` };

  const idleFor = trace.idleSince === null ? 0 : at.now - trace.idleSince;
  return idleFor < betweenAnswers
    ? { about, text: `${why}; idle for ${spell(idleFor)} of ${spell(betweenAnswers)}` }
    : deregister(`idle in answers ${spell(idleFor)} apart`);
}

/** Without a record no job can come to it any more: what is left is one that came before. */
function stopStep(seen: Sighting, why: string, forge: ForgeView, at: Asking): Action | Note {
  const { now } = at;
  const about = seen.guest.name;
  const since = goneAt(seen);
  if (since === null) return { about, text: `${why}; its record is missing from one list so far` };
  if (now - since < afterKnownWithdrawal) return { about, text: `${why}; no record for ${spell(now - since)}` };

  const word = wordAt(seen, now, since + afterKnownWithdrawal);
  if (word === "free") {
    const quietFor = now - (seen.trace.look?.since ?? now);
    // Where there was a job, its runner may still be telling GitHub how it ended.
    if (seen.trace.jobSince === null || quietFor >= afterKnownWithdrawal)
      return stop(seen, "quiet", `${why}; no record for ${spell(now - since)}${saying(seen)}`);
    const look = ask(seen, why, at);
    return look ?? { about, text: `${why}; its job was over ${spell(quietFor)} ago` };
  }
  const look = ask(seen, why, at);
  if (look !== null) return look;
  if (word === null && at.asking) return { about, text: `${why}; its guest is being asked` };

  if (now - since < afterWithdrawal) return { about, text: `${why}; no record for ${spell(now - since)}` };
  if (seesAllJobs(seen.pool, forge)) return stop(seen, "withdrawn", `${why}; no record, and no job carries its name`);
  // Whatever came before its record went away has had the hard lifetime by now.
  if (now - since >= seen.pool.hardLifetime)
    return stop(seen, "aged", `${why}; no record for ${spell(now - since)}, longer than any job may run`);
  return stopUnseen(seen, why, now);
}

/** The hard lifetime ends a job that never ends by itself. Nothing delays it but the quota of retirements, where it goes first. */
export function overdueStep(seen: Sighting, now: Instant): Action | null {
  const age = jobAge(seen, now);
  const limit = seen.pool.hardLifetime;
  if (age === null || age < limit) return null;
  return stop(seen, "overdue", `its job has run for ${spell(age)}, the hard lifetime is ${spell(limit)}`);
}

/** Said in time, with what the guest itself says of it. */
export function announcement(seen: Sighting, at: Asking): Action | Note | null {
  const age = jobAge(seen, at.now);
  const limit = seen.pool.hardLifetime;
  if (age === null || age < limit * announcedAt) return null;
  const text = `its job has run for ${spell(age)}: it is stopped at ${spell(limit)}${saying(seen)}`;
  return ask(seen, text, at, longestBetweenLooks) ?? { about: seen.guest.name, text };
}

const jobAge = ({ trace }: Sighting, now: Instant): number | null =>
  trace.jobSince === null ? null : now - trace.jobSince;

export const refOf = ({ guest }: Sighting): GuestRef => ({ vmid: guest.vmid, name: guest.name });

export const recordOf = (seen: Sighting, record: NonNullable<Sighting["record"]>): RecordRef => ({
  scope: scopeKeyOf(seen.pool.scope),
  id: record.id,
});

/** Where not all jobs can be seen, only a guest in which no job was ever seen may go before its hard lifetime. */
function stopUnseen(seen: Sighting, why: string, now: Instant): Action | Note {
  const about = seen.guest.name;
  const age = now - seen.guest.marker.created;
  // The clock that stamped the guest may not have been this one.
  const watched = Math.min(age, now - (seen.trace.watchedSince ?? now));
  if (seen.trace.jobSince !== null || seen.trace.seenOnline) {
    return { about, text: `${why}; it may work for a repository that is not polled: waits for power-off` };
  }
  if (now < bootDeadlineOf(seen)) return { about, text: `${why}; its boot deadline has not passed` };
  const evidence: StopEvidence = watched >= answeringLifetime ? "aged" : "silent";
  return stop(seen, evidence, `${why}; no job was ever seen in ${spell(age)}`);
}

/** Since when the record is gone beyond doubt: withdrawn by us, or missing from two lists far enough apart. */
function goneAt({ trace }: Sighting): Instant | null {
  if (trace.withdrawnAt !== null) return trace.withdrawnAt;
  if (trace.goneSince === null || trace.listedAt === null) return null;
  return trace.listedAt - trace.goneSince >= betweenAnswers ? trace.goneSince + betweenAnswers : null;
}

export const stop = (seen: Sighting, evidence: StopEvidence, why: string): Action => ({
  kind: "stop",
  pool: seen.pool.name,
  why,
  guest: refOf(seen),
  node: seen.guest.node,
  os: seen.guest.os,
  evidence,
});
