import type { JobId, NodeName, PoolName, RepositoryName, RunnerId, Vmid } from "../ids.ts";
import type { GuestOs } from "../observation.ts";
import type { GuestRef, ScopeKey, StoreName } from "../pool.ts";
import type { Instant } from "../time.ts";

/** A runner's record as it is pointed at. */
export interface RecordRef {
  readonly scope: ScopeKey;
  readonly id: RunnerId;
}

export interface ActionArgs {
  /** A guest for the waiting job; any fitting job may take it. */
  launch: { readonly node: NodeName; readonly job: { readonly repository: RepositoryName; readonly id: JobId } | null };
  /**
   * What lets a runner register, into a guest that waits for it; any fitting job may take it. `record`: of a config that
   * was minted for it and never written.
   */
  arm: {
    readonly guest: GuestRef;
    readonly node: NodeName;
    readonly os: GuestOs;
    readonly record: RecordRef | null;
    readonly job: { readonly repository: RepositoryName; readonly id: JobId } | null;
  };
  /** The secret out of a guest whose runner is online. */
  scrub: { readonly guest: GuestRef; readonly node: NodeName };
  /** Asks the guest itself whether it has a job, or whether it waits for its secret; changes nothing. */
  look: {
    readonly guest: GuestRef;
    readonly node: NodeName;
    readonly os: GuestOs;
    readonly about: "job" | "readiness";
  };
  /** The first step of retiring a running guest: GitHub refuses while it works. */
  deregister: { readonly guest: GuestRef; readonly record: RecordRef };
  /** The last step: no job can run in it any more. */
  stop: {
    readonly guest: GuestRef;
    readonly node: NodeName;
    readonly os: GuestOs;
    readonly evidence: StopEvidence;
  };
  /** A guest that is powered off. */
  remove: { readonly guest: GuestRef; readonly node: NodeName; readonly record: RecordRef | null };
  forget: { readonly record: RecordRef; readonly name: GuestRef["name"] };
  sweep: { readonly vmid: Vmid; readonly node: NodeName; readonly store: StoreName };
}

/**
 * What must still hold when the guest is stopped, re-read then; each but the last two wants no record and no job with its
 * name, and a guest that says that it works is kept. quiet: it says that it has no job · withdrawn: all its jobs are
 * seen · silent: never a job, no answer from its agent · aged: never a job in a day · overdue: the hard lifetime is over · unarmed: its phase proves
 * that it was never given a secret.
 */
export type StopEvidence = "unarmed" | "quiet" | "withdrawn" | "silent" | "aged" | "overdue";

export type ActionKind = keyof ActionArgs;

export type Action<K extends ActionKind = ActionKind> = {
  [P in K]: { readonly kind: P; readonly pool: PoolName; readonly why: string } & ActionArgs[P];
}[K];

/** Doing nothing is a result too, and has its reason. Said again only when it changes. */
export interface Note {
  readonly about: string;
  readonly text: string;
}

export interface Plan {
  readonly actions: readonly Action[];
  readonly notes: readonly Note[];
  /** When the next pass should come at the latest; null: at its usual time. */
  readonly due: Instant | null;
}
