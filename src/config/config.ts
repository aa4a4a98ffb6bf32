import type { InstanceName, RepositoryName, StorageName } from "../domain/ids.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import type { Ms } from "../domain/time.ts";
import type { VmidRange } from "../domain/vmids.ts";

/** How PVE's certificate is trusted. `none` must be asked for and is warned about. */
export type Trust =
  | { readonly kind: "system" }
  | { readonly kind: "ca"; readonly pem: string }
  /** SHA-256 of the certificate, as 64 lower-case hex digits. */
  | { readonly kind: "fingerprint"; readonly sha256: string }
  | { readonly kind: "none" };

/** Default deny: what is not named here gets no machine of ours. */
export interface Policy {
  /** Public repositories whose own jobs may run. */
  readonly publicRepositories: readonly RepositoryName[];
  /** Repositories whose forks' jobs may run too. */
  readonly forksOf: readonly RepositoryName[];
}

export interface Config {
  readonly instance: InstanceName;
  readonly proxmox: {
    /** Without `/api2/json`. */
    readonly url: URL;
    /** `user@realm!name`. */
    readonly tokenId: string;
    readonly tokenSecret: Secret;
    readonly trust: Trust;
  };
  readonly github: { readonly apiUrl: URL; readonly token: Secret };
  /** Signs markers. Null: derived from the PVE token's secret. */
  readonly key: { readonly current: Secret | null; readonly previous: Secret | null };
  readonly policy: Policy;
  readonly pollInterval: Ms;
  readonly maxTotal: number;
  readonly pools: readonly RunnerPool[];
  /** Where `template build` makes templates: VMIDs that are no pool's, storages for disks and for images, PVE's `net0`. */
  readonly templates: {
    readonly range: VmidRange;
    readonly storage: StorageName;
    readonly importStorage: StorageName;
    readonly network: string;
    readonly resourcePool: string | null;
  };
  /** Health and metrics; null switches them off. */
  readonly listen: { readonly address: string; readonly port: number } | null;
  /** Where the journal is kept; null: nowhere. */
  readonly stateFolder: string | null;
  readonly logLevel: "debug" | "info" | "warn" | "error";
}

/** Every problem at once: each names the thing, the cause and the way out. */
export type Loaded =
  | { readonly ok: true; readonly config: Config; readonly warnings: readonly string[] }
  | { readonly ok: false; readonly problems: readonly string[] };
