import type { EventRule } from "./events.ts";
import type { GuestName, InstanceName, NodeName, PoolName, RepositoryName, StorageName, Vmid } from "./ids.ts";
import type { Secret } from "./secret.ts";
import type { Ms } from "./time.ts";
import type { VmidRange } from "./vmids.ts";

/** By VMID, or by name with the newest (highest VMID) winning. It must exist on each listed node. */
export type TemplateRef =
  | { readonly kind: "vmid"; readonly vmid: Vmid }
  | { readonly kind: "name"; readonly name: string };

export type CloneMode = { readonly kind: "linked" } | { readonly kind: "full"; readonly storage: StorageName | null };

/** Null means: as the template has it. */
export interface Hardware {
  readonly cores: number | null;
  readonly memoryMiB: number | null;
  /** The boot disk is grown to this; it never shrinks. */
  readonly diskGiB: number | null;
  /** PVE's `net0` property string, for example `virtio,bridge=vmbr0,tag=20`. */
  readonly network: string | null;
}

/** How a guest is made, whatever it is for. */
export interface GuestSpec {
  readonly pool: PoolName;
  readonly template: TemplateRef;
  readonly nodes: readonly NodeName[];
  readonly range: VmidRange;
  readonly prefix: string;
  readonly resourcePool: string | null;
  readonly clone: CloneMode;
  readonly hardware: Hardware;
}

/** Where runners register, and whose jobs they may take. */
export type Scope =
  | { readonly kind: "repository"; readonly repository: RepositoryName }
  | {
      readonly kind: "organisation";
      readonly organisation: string;
      readonly repositories: readonly RepositoryName[];
      readonly runnerGroup: string | null;
    };

export type Registration = "jit" | "token";

/** A seed that the guest reads when it boots. */
export type SeedDelivery =
  | { readonly kind: "iso"; readonly storage: StorageName }
  | {
      readonly kind: "snippets";
      readonly storage: StorageName;
      readonly folder: string;
      /** Where the folder is; null: mounted here. */
      readonly host: SftpHost | null;
    };

/** How the secret gets into a guest. `agent`: written through the guest agent, once the guest is up and waits for it. */
export type Delivery = SeedDelivery | { readonly kind: "agent" };

/** A machine whose folders are reached by SFTP. */
export interface SftpHost {
  readonly user: string;
  readonly address: string;
  readonly port: number;
  readonly privateKey: Secret;
  /** `SHA256:…`, as ssh-keygen prints it. No other key is trusted. */
  readonly hostKey: string;
}

/** A class of identical runners. */
export interface RunnerPool {
  readonly name: PoolName;
  readonly guest: GuestSpec;
  /** Without `self-hosted`, which every runner carries. */
  readonly labels: readonly string[];
  readonly scope: Scope;
  /** Which jobs it may take, by what started their runs. */
  readonly events: EventRule;
  readonly max: number;
  readonly registration: Registration;
  readonly delivery: Delivery;
  /** Absolute path. */
  readonly userDataTemplate: string;
  /** The unprivileged user that the runner works as. */
  readonly runnerUser: string;
  /** Runner waits for a job this long before it is surplus. */
  readonly idlePatience: Ms;
  readonly bootDeadline: Ms;
  /** From the first sign of a job. */
  readonly hardLifetime: Ms;
}

/** Which store of seeds a pool uses: one storage may serve both deliveries, and one name stand for storages of several hosts. */
export type StoreName = `${SeedDelivery["kind"]} ${string}`;

export function storeNameOf(
  delivery: Pick<SeedDelivery, "kind" | "storage"> & { readonly host?: Pick<SftpHost, "address" | "port"> | null },
): StoreName {
  const { kind, storage, host } = delivery;
  return host === undefined || host === null
    ? `${kind} ${storage}`
    : `${kind} ${storage} at ${host.address}:${host.port}`;
}

/** Equal for scopes that share one list of runners at GitHub. */
export type ScopeKey = `repos/${string}` | `orgs/${string}`;

export const scopeKeyOf = (scope: Scope): ScopeKey =>
  scope.kind === "repository" ? `repos/${scope.repository}` : `orgs/${scope.organisation}`;

export const repositoriesOf = (scope: Scope): readonly RepositoryName[] =>
  scope.kind === "repository" ? [scope.repository] : scope.repositories;

/** The label by which our runner records are known at GitHub. */
export const instanceLabel = (instance: InstanceName): string => `dispatcher-${instance}`;

/** All labels that a runner of this pool registers with. */
export const runnerLabels = (pool: RunnerPool, instance: InstanceName): readonly string[] => [
  "self-hosted",
  ...pool.labels.filter((label) => label.toLowerCase() !== "self-hosted"),
  instanceLabel(instance),
];

/** How a guest is pointed at: everything else about it is read afresh. */
export interface GuestRef {
  readonly vmid: Vmid;
  readonly name: GuestName;
}
