import { HOUR, MINUTE, type Ms, SECOND } from "../time.ts";

/** Two answers of GitHub must lie this far apart before "idle" or "no record" is believed. */
export const betweenAnswers: Ms = 2 * MINUTE;

/** After a record went away, a job that had just been assigned would have shown by then. */
export const afterWithdrawal: Ms = 2 * MINUTE;

/** The same where the guest itself says, before and after, that it has none. */
export const afterKnownWithdrawal: Ms = 90 * SECOND;

/** A guest's word that it has no job is believed this long. */
export const freshWord: Ms = 45 * SECOND;

/** One guest is asked for its state this often at most; less and less when it does not answer. */
export const betweenLooks: Ms = 20 * SECOND;
export const workBetweenLooks: Ms = MINUTE;
export const longestBetweenLooks: Ms = 10 * MINUTE;

/** A guest whose agent answers but whose runner never came may be in somebody's hands: it gets a day. */
export const answeringLifetime: Ms = 24 * HOUR;

/** A record of ours without a guest is left this long: its guest may be on its way. */
export const orphanRecord: Ms = 15 * MINUTE;

/** The hard lifetime is announced when this share of it has passed. */
export const announcedAt = 0.8;
