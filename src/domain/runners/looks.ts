import type { GuestName } from "../ids.ts";
import type { Instant, Ms } from "../time.ts";
import type { Action } from "./actions.ts";
import { spellState, type Word, wordOf } from "./guest-state.ts";
import type { Look } from "./memory.ts";
import { betweenLooks, freshWord, longestBetweenLooks, workBetweenLooks } from "./patience.ts";
import type { Sighting } from "./sighting.ts";

/** The key under which a question to a guest is in our hands: the guest itself is not, so nothing waits for an agent. */
export const lookKey = (name: GuestName): string => `state of ${name}`;

/** What a pass knows beside a sighting: now, and whether this guest is being asked at this moment. */
export interface Asking {
  readonly now: Instant;
  readonly asking: boolean;
}

/** The guest's word as far as it counts now: that it is free only while it is fresh, that it works until it says else. */
export function wordAt({ trace: { look } }: Sighting, now: Instant, notBefore: Instant = 0): Word | null {
  if (look === null) return null;
  const word = wordOf(look.state);
  if (word === "free" && (now - look.at > freshWord || look.at < notBefore)) return null;
  return word;
}

/** Asks the guest itself, where its word is wanted and it is time to ask. */
export function ask(seen: Sighting, why: string, { now, asking }: Asking, between: Ms = betweenLooks): Action | null {
  const { guest, trace } = seen;
  if (asking || guest.power !== "running") return null;
  if (trace.look !== null && now - trace.look.at < Math.max(between, patienceWith(trace.look))) return null;
  return lookAt(seen, "job", why);
}

export const lookAt = (
  { guest: { vmid, name, node, os }, pool }: Sighting,
  about: Action<"look">["about"],
  why: string,
): Action => ({ kind: "look", pool: pool.name, why, guest: { vmid, name }, node, os, about });

/** A guest that alone says that it works is asked until it says something else. */
export function askWorker(seen: Sighting, at: Asking): Action | null {
  const alone = seen.job === null && seen.record?.busy !== true;
  return alone ? ask(seen, "it says that it works, GitHub does not", at, workBetweenLooks) : null;
}

/** "; its guest says listening", or nothing. */
export function saying({ trace: { look } }: Sighting): string {
  return look === null || look.state.kind === "unknown" ? "" : `; its guest says ${spellState(look.state)}`;
}

/** A guest that does not answer holds a worker of PVE for seconds each time: it is asked less and less. */
const patienceWith = ({ state, at, since }: Look): Ms =>
  state.kind === "unknown" ? Math.min(Math.max(at - since, betweenLooks), longestBetweenLooks) : betweenLooks;
