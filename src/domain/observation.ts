import type { GuestName, JobId, NodeName, PoolName, RepositoryName, RunnerId, Vmid } from "./ids.ts";
import type { Marker } from "./marker.ts";
import type { ScopeKey, StoreName } from "./pool.ts";
import type { Instant } from "./time.ts";

/** Unknown is not stopped: a node that does not answer, or two lists that disagree. */
export type Power = "running" | "stopped" | "unknown";

/** What its files are called. */
export type GuestOs = "linux" | "windows";

/** A guest that carries our valid marker. Foreign guests are not in the observation at all. */
export interface GuestView {
  readonly vmid: Vmid;
  readonly name: GuestName;
  readonly node: NodeName;
  readonly marker: Marker;
  readonly power: Power;
  /** PVE's `lock` option: somebody is working on it. */
  readonly lock: string | null;
  readonly os: GuestOs;
  /** Whether its configuration still points at a seed. */
  readonly seedAttached: boolean;
  /** Why it must not be touched, where a proof is missing. */
  readonly stray: { readonly why: string; readonly remedy: string } | null;
}

export interface NodeView {
  readonly name: NodeName;
  readonly online: boolean;
  /** Null where the token may not read them. */
  readonly freeMemory: number | null;
  /** Fraction of its processors in use, 0 to 1. */
  readonly load: number | null;
}

/** A seed in a store: for a VMID of ours, whether or not that guest exists. */
export interface SeedView {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly store: StoreName;
  /** False for the blank that is left where a token may not delete. */
  readonly holdsContent: boolean;
}

/** Why a pool can get no guests on a node at present, for example a template that does not exist there. */
export interface PoolBlock {
  readonly pool: PoolName;
  readonly node: NodeName;
  readonly why: string;
}

export interface HiddenGuest {
  readonly pool: PoolName;
  /** Null for a clone under way whose target PVE does not tell. */
  readonly vmid: Vmid | null;
  /** Why nobody can tell whose it is, and what helps. */
  readonly why: string;
}

/** All that PVE says at one moment. */
export interface SiteView {
  readonly guests: readonly GuestView[];
  readonly nodes: readonly NodeView[];
  readonly seeds: readonly SeedView[];
  readonly blocks: readonly PoolBlock[];
  /** Guests that are or may be ours and cannot be read: they take room, and nobody can prove them ours. */
  readonly hidden: readonly HiddenGuest[];
}

export interface RunnerView {
  readonly id: RunnerId;
  readonly name: GuestName;
  readonly online: boolean;
  readonly busy: boolean;
  readonly ephemeral: boolean;
  readonly labels: readonly string[];
}

/** A complete list: a runner that is not in it was absent at `at`. */
export interface RunnerList {
  readonly scope: ScopeKey;
  readonly at: Instant;
  readonly runners: readonly RunnerView[];
}

export interface JobView {
  readonly id: JobId;
  readonly repository: RepositoryName;
  readonly runId: number;
  /** What started its run. */
  readonly event: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly status: "queued" | "in_progress";
  readonly createdAt: Instant;
  readonly startedAt: Instant | null;
  readonly runner: GuestName | null;
  /** Why policy keeps this job from our machines; null when it may run. */
  readonly refused: string | null;
}

/** All that GitHub says at one moment. What could not be asked is named, never shown as empty. */
export interface ForgeView {
  readonly lists: readonly RunnerList[];
  /** Jobs that wait or run, of the repositories that answered. */
  readonly jobs: readonly JobView[];
  /** Repositories whose jobs are not known at present, and why. */
  readonly silent: ReadonlyMap<RepositoryName, string>;
  /** Scopes whose runner list is not known at present, and why. */
  readonly silentScopes: ReadonlyMap<ScopeKey, string>;
  /** Pools where the polled repositories are all that its runners could serve. */
  readonly closedPools: ReadonlySet<PoolName>;
}
