import { DispatcherError } from "./errors.ts";
import { asInstanceName, type InstanceName, type Vmid } from "./ids.ts";
import { readSignedLine, type Signer, signedLine, withSignedLine } from "./signed-line.ts";
import { type Instant, type Ms, SECOND, spell } from "./time.ts";

/** Who may change guests of a VMID range. The nonce is fresh in each write: equal texts would have equal digests. */
export interface LeaseText {
  readonly instance: InstanceName;
  /** The process that holds it, in words that tell a person where to look. */
  readonly holder: string;
  readonly nonce: string;
  /** Given back: anyone may take it. */
  readonly released: boolean;
}

/** The same for all who share a range. */
export interface LeaseTimes {
  /** Left unchanged for this long, by the watcher's own clock, a lease has ended. */
  readonly term: Ms;
  /** Its holder stops this long after the sending of its last good write: what it sent last has arrived by the end of the term. */
  readonly holding: Ms;
  readonly betweenRenewals: Ms;
  /** While it is another's, or could not be written. */
  readonly betweenLooks: Ms;
}

/** One lost renewal ends nothing, and what was sent at the last moment has time to arrive. */
export function asLeaseTimes(times: LeaseTimes): LeaseTimes {
  const { term, holding, betweenRenewals } = times;
  if (2 * betweenRenewals <= holding && holding + longestOnItsWay <= term) return times;
  const words = `renewed every ${spell(betweenRenewals)}, held for ${spell(holding)}, over after ${spell(term)}`;
  throw new DispatcherError("invalid", `times of a lease: ${words}: two do not live apart by these`);
}

const longestOnItsWay: Ms = 15 * SECOND;

export const leaseTimes = asLeaseTimes({
  term: 45 * SECOND,
  holding: 30 * SECOND,
  betweenRenewals: 12 * SECOND,
  betweenLooks: 2 * SECOND,
});

export type ReadLease =
  | { readonly kind: "none" }
  | { readonly kind: "forged"; readonly instance: string }
  | { readonly kind: "valid"; readonly lease: LeaseText };

export function readLease(description: string, vmid: Vmid, signer: Signer): ReadLease {
  const read = readSignedLine(description, vmid, signer);
  if (read.kind !== "signed") return read;
  const { dispatcher, kind, holder, nonce, released } = read.fields;
  if (kind !== "lease" || typeof dispatcher !== "string") return { kind: "none" };
  if (typeof holder !== "string" || typeof nonce !== "string" || typeof released !== "boolean") return { kind: "none" };
  return { kind: "valid", lease: { instance: asInstanceName(dispatcher), holder, nonce, released } };
}

/** The description of the guest that carries it; lines that people added stay. */
export function withLease(description: string, lease: LeaseText, vmid: Vmid, signer: Signer): string {
  const { instance, holder, nonce, released } = lease;
  const line = signedLine({ dispatcher: instance, kind: "lease", holder, nonce, released }, vmid, signer);
  const words = `Lease of dispatcher ${instance}: whoever holds it may change the guests of this VMID range. It has no disk and is never started.`;
  return withSignedLine(description, line) ?? `${words}\n${line}`;
}

/** What stands in PVE. `blocked`: something that is no lease of ours has the VMID. */
export type LeaseSeen =
  | { readonly kind: "absent" }
  | { readonly kind: "written"; readonly lease: LeaseText }
  | { readonly kind: "blocked"; readonly why: string };

/** `inTurn`: waiting is what a standby is for; otherwise somebody must mend something. */
export type LeaseStep =
  | { readonly do: "create" | "write" }
  | { readonly do: "wait"; readonly why: string; readonly inTurn: boolean };

/**
 * What to do about a lease whose last write is not ours. `unchangedFor`: since another's nonce was first seen, by our own
 * clock; null where none ever was.
 */
export function leaseStep(
  seen: LeaseSeen,
  unchangedFor: Ms | null,
  { isDead, times }: { readonly isDead: (holder: string) => boolean; readonly times: LeaseTimes },
): LeaseStep {
  if (seen.kind === "blocked") return { do: "wait", why: seen.why, inTurn: false };
  const over = unchangedFor === null || unchangedFor >= times.term;
  if (seen.kind === "absent") {
    return over
      ? { do: "create" }
      : { do: "wait", why: "somebody removed the lease; its holder may have time left", inTurn: true };
  }
  const { lease } = seen;
  if (lease.released || isDead(lease.holder) || over) return { do: "write" };
  return {
    do: "wait",
    why: `${lease.holder} holds it (stop that one, or wait for its end); it last changed ${spell(unchangedFor)} ago or more`,
    inTurn: true,
  };
}

/** A moment by the clock that never jumps and by the one on the wall: of two answers the longer counts. */
export interface Moment {
  readonly steady: Instant;
  readonly wall: Instant;
}

export const between = (from: Moment, to: Moment): Ms => Math.max(to.steady - from.steady, to.wall - from.wall);
