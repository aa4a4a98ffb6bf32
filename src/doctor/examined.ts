import type { Config } from "../config/config.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Signer } from "../domain/signed-line.ts";
import type { Clock, Instant } from "../domain/time.ts";
import type { GithubInspector } from "../github/inspect.ts";
import type { GuestSummary, ProxmoxClient } from "../proxmox/client.ts";
import type { InspectCalls } from "../proxmox/inspect-calls.ts";
import type { Acl } from "./acl.ts";
import type { Finding } from "./finding.ts";
import type { Generation } from "./needs.ts";

/** What every check works with. Nothing here changes anything. */
export interface Patient {
  readonly config: Config;
  readonly pve: Pick<ProxmoxClient, "version" | "resources" | "config" | "nextId" | "poolMembers" | "permissions"> &
    InspectCalls;
  readonly github: GithubInspector;
  /** Reads the markers of templates. Null: they are not looked at. */
  readonly signer: Signer | null;
  readonly clock: Clock;
  /** What the services' clocks said, as differences from ours. */
  readonly skews: Readonly<Record<"PVE" | "GitHub", () => Skew | null>>;
  readonly signal: AbortSignal;
}

export interface Skew {
  /** Theirs less ours, in milliseconds. */
  readonly ahead: number;
  readonly at: Instant;
}

/** One pool on one node: what is known of its template there. */
export interface Sight {
  readonly pool: RunnerPool;
  readonly node: NodeName;
  readonly template: Vmid | null;
  /** Why there is none, where PVE's lists alone do not tell. */
  readonly unpromoted?: string;
  /** Its options. Null where it was not found or not read. */
  readonly values: Readonly<Record<string, string>> | null;
}

/** What PVE said once, for all checks. */
export interface Site {
  readonly generation: Generation;
  readonly acl: Acl | null;
  readonly guests: readonly GuestSummary[] | null;
  readonly sights: readonly Sight[];
}

export type SiteCheck = (patient: Patient, site: Site) => Promise<readonly Finding[]>;

/** Pools and nodes name the same things again and again. */
export const distinct = <T extends string | number>(items: Iterable<T>): readonly T[] => [...new Set(items)];
