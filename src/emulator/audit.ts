import type { Instant, Ms } from "../domain/time.ts";

/** What the emulator swears to: one JSON line each. Summaries are recomputed from these lines alone. */
export type AuditRecord = { readonly at: Instant } & (
  | {
      readonly event: "world";
      /** Guests and volumes that were there before anyone called: none of them is the dispatcher's to change. */
      readonly foreign: { readonly vmids: readonly number[]; readonly volumes: readonly string[] };
    }
  | {
      /** A mutating call on PVE, whatever its answer was. */
      readonly event: "pve";
      readonly call: string;
      readonly method: string;
      readonly path: string;
      readonly status: number;
      readonly reason: string;
      /** The guest that it would change; a clone's is the new one. */
      readonly vmid: number | null;
      readonly volume: string | null;
    }
  | {
      /** A mutating call on GitHub. */
      readonly event: "github";
      readonly method: string;
      readonly path: string;
      readonly status: number;
    }
  | {
      readonly event: "job";
      /** `killed`: its guest went away while it ran. */
      readonly what: "queued" | "started" | "completed" | "killed" | "cancelled";
      readonly job: number;
      readonly runner: string | null;
      readonly vmid: number | null;
      readonly runnerId?: number;
    }
  | {
      /** A job was handed to a runner that was gone already: after a minute it is back in the queue. */
      readonly event: "handout";
      readonly job: number;
      readonly runnerId: number;
      readonly runner: string;
    }
  | {
      /** A runner's record came, or went by the hand of `what`. */
      readonly event: "record";
      readonly what: RecordChange;
      readonly runnerId: number;
      readonly runner: string;
      readonly scope: string;
      readonly kind: "jit" | "token";
    }
  | {
      /** Somebody connected with a runner's credential. `again`: with a JIT config that was used before. */
      readonly event: "session";
      readonly what: "opened" | "conflict" | "refused" | "ended";
      readonly again: boolean;
      /** Null when the credential belongs to no record. */
      readonly runnerId: number | null;
      readonly runner: string | null;
      readonly vmid: number | null;
    }
  | {
      /** A call that came although its token had been told to wait, or had nothing left. */
      readonly event: "overdrawn";
      readonly limit: "primary" | "secondary";
      readonly call: string;
      /** How much too early. */
      readonly earlyMs: Ms;
    }
  | {
      /** A guest did something that an operator would want to know: powered off, found a broken seed … */
      readonly event: "guest";
      readonly vmid: number;
      readonly what: string;
    }
  | ({ readonly event: "tally" } & Tally)
);

/** `served`: after its one job. `expired`: not connected for too long. `replaced`: a registration took its name. */
export type RecordChange = "made" | "served" | "deleted" | "expired" | "replaced" | "vanished";

/** Running totals, written whenever they are asked for and when the emulator stops. */
export interface Tally {
  readonly left: { readonly guests: number; readonly seeds: number; readonly runners: number };
  readonly githubRequests: number;
  /** Answers that draw on the primary rate limit: a 304 does not. */
  readonly rateLimitPoints: number;
  readonly proxmoxRequests: number;
}

type WithoutTime<T> = T extends unknown ? Omit<T, "at"> : never;
export type AuditEntry = WithoutTime<AuditRecord>;

/** Adds the time and writes the line. */
export type Audit = (entry: AuditEntry) => void;
