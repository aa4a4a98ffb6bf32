import type { GuestOs } from "../observation.ts";

/** The files by which we and a guest speak through its agent, in a folder that nobody but its administrator may open. */
export interface GuestFiles {
  /** What the guest does: run-once and the runner's hooks write it. */
  readonly state: string;
  /** There as soon as the guest watches for `ready`: from then on no restart of its set-up comes between. */
  readonly waiting: string;
  readonly credential: string;
  /** Written when the credential is whole: it alone starts the runner. */
  readonly ready: string;
}

const linux = "/run/dispatcher";
const windows = String.raw`C:\ProgramData\dispatcher`;

export const guestFiles = {
  linux: {
    state: `${linux}/state`,
    waiting: `${linux}/waiting`,
    credential: `${linux}/credential`,
    ready: `${linux}/ready`,
  },
  windows: {
    state: `${windows}\\state`,
    waiting: `${windows}\\waiting`,
    credential: `${windows}\\credential`,
    ready: `${windows}\\ready`,
  },
} as const satisfies Record<GuestOs, GuestFiles>;
