import type { Instant } from "../domain/time.ts";

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
    }
  | {
      /** A guest did something that an operator would want to know: powered off, found a broken seed … */
      readonly event: "guest";
      readonly vmid: number;
      readonly what: string;
    }
  | ({ readonly event: "tally" } & Tally)
);

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
