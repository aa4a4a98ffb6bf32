import type { NodeName, StorageName, Upid, Vmid } from "../domain/ids.ts";
import type { Instant, Ms } from "../domain/time.ts";
import { type AgentCalls, agentCalls } from "./agent-calls.ts";
import { clusterCalls } from "./cluster-calls.ts";
import { type ConsoleCalls, consoleCalls } from "./console-calls.ts";
import { type ContainerCalls, containerCalls } from "./container-calls.ts";
import { type DownloadCalls, downloadCalls } from "./download-calls.ts";
import { guestCalls } from "./guest-calls.ts";
import type { PveHttp } from "./http.ts";
import { type NodeCalls, nodeCalls } from "./node-calls.ts";
import { type SnapshotCalls, snapshotCalls } from "./snapshot-calls.ts";
import { storageCalls } from "./storage-calls.ts";
import { taskCalls } from "./task-calls.ts";

export interface Version {
  readonly version: string;
  readonly release: string;
  /** Privileges and some answers differ between the two. Null for one that we do not know. */
  readonly generation: 8 | 9 | null;
}

export interface NodeSummary {
  readonly name: NodeName;
  readonly online: boolean;
  /** Bytes. Null where the token may not read it. */
  readonly freeMemory: number | null;
  /** Fraction of its processors in use, 0 to 1. Null where the token may not read it. */
  readonly load: number | null;
}

export interface GuestSummary {
  readonly vmid: Vmid;
  readonly node: NodeName;
  /** Null shortly after a clone. */
  readonly name: string | null;
  readonly type: "qemu" | "lxc";
  readonly status: "running" | "stopped" | "unknown";
  readonly template: boolean;
  readonly lock: string | null;
  /** Undefined where it is in none, the token may not see it, or the list does not tell. */
  readonly resourcePool: string | undefined;
  readonly tags: readonly string[];
}

export interface GuestStatus {
  readonly status: "running" | "stopped" | "unknown";
  readonly qmpstatus: string | null;
  readonly lock: string | null;
  readonly template: boolean;
  readonly uptime: Ms;
  /** Whether the guest agent is switched on in the configuration, not whether it answers. */
  readonly agent: boolean;
}

export interface GuestConfig {
  readonly digest: string;
  /** All other options, known to us or not, numbers as strings. */
  readonly values: Readonly<Record<string, string>>;
}

export interface VolumeSummary {
  readonly volid: string;
  readonly size: number;
  readonly ctime: Instant | null;
}

export interface VolumeInfo {
  readonly format: string;
  /** What a guest sees. */
  readonly size: number;
  /** What it takes on the storage. */
  readonly used: number | null;
  /** On the node. */
  readonly path: string | null;
}

export interface UploadedFile {
  readonly content: "iso" | "vztmpl" | "import";
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Of the file as it should arrive, where somebody published it; else that of the bytes. */
  readonly sha256?: string;
  /** For the sending of it, where half a minute is too short. */
  readonly deadline?: Ms;
}

export type TaskStatus = { readonly kind: "running" } | { readonly kind: "stopped"; readonly exitStatus: string };

export interface ActiveTask {
  readonly upid: Upid;
  readonly type: string;
  /** The guest that it works on, the *source* of a clone, a storage, or empty. */
  readonly id: string;
  /** `user@realm!tokenname`. */
  readonly user: string;
  readonly startedAt: Instant;
}

/** A guest without disks. */
export interface BareGuest {
  readonly vmid: Vmid;
  readonly name: string;
  readonly description: string;
  readonly pool: string | null;
  /** More of PVE's options: processors, memory, network. */
  readonly options?: Readonly<Record<string, string | number>>;
}

export interface CloneParams {
  readonly newid: Vmid;
  readonly name: string;
  readonly description: string;
  readonly pool: string | null;
  readonly full: boolean;
  /** PVE refuses one for linked clones. */
  readonly storage: StorageName | null;
}

export interface ConfigChange {
  readonly set: Readonly<Record<string, string | number>>;
  readonly delete?: readonly string[];
  /** Of the read that this change rests on: `conflict` when the configuration is another one by now. */
  readonly digest: string | null;
}

/** The calls of PVE that we make, typed. What returns a UPID has only begun when it resolves. */
export interface ProxmoxClient
  extends NodeCalls,
    SnapshotCalls,
    AgentCalls,
    ContainerCalls,
    DownloadCalls,
    ConsoleCalls {
  version(signal: AbortSignal): Promise<Version>;
  nodes(signal: AbortSignal): Promise<NodeSummary[]>;
  /** Guests of the whole cluster that the token may see; power and new names come up to ten seconds late. */
  resources(signal: AbortSignal): Promise<GuestSummary[]>;
  /** The virtual machines of one node that the token may see, as they are now. */
  guests(node: NodeName, signal: AbortSignal): Promise<GuestSummary[]>;
  status(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<GuestStatus>;
  config(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<GuestConfig>;
  /** The UPID names the template, not the new guest. */
  createGuest(node: NodeName, guest: BareGuest, signal: AbortSignal): Promise<Upid>;
  clone(node: NodeName, template: Vmid, params: CloneParams, signal: AbortSignal): Promise<Upid>;
  putConfig(node: NodeName, vmid: Vmid, change: ConfigChange, signal: AbortSignal): Promise<void>;
  /**
   * The same in a task, whose exit status alone tells what was refused of single options. Null where PVE was done
   * before it answered.
   */
  postConfig(node: NodeName, vmid: Vmid, change: ConfigChange, signal: AbortSignal): Promise<Upid | null>;
  /** `size` as PVE writes it: `20G`, or `+5G`. */
  resize(node: NodeName, vmid: Vmid, disk: string, size: string, signal: AbortSignal): Promise<Upid>;
  start(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  stop(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  /** Asks the guest to power itself off. `force`: stops it when `timeout` has passed; else the task fails then. */
  shutdown(
    node: NodeName,
    vmid: Vmid,
    how: { readonly timeout: Ms; readonly force: boolean },
    signal: AbortSignal,
  ): Promise<Upid>;
  /** For good: a template cannot be started, and no call makes it a guest again. */
  makeTemplate(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  /** With its jobs, ACLs and HA entries; disks that its configuration does not name stay. */
  destroy(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  /** Asks for one VMID and counts guests that the token may not see. Anything but a clear answer is thrown. */
  nextId(vmid: Vmid, signal: AbortSignal): Promise<"free" | "used">;
  /** Overwrites a file of the same name without a word. The task compares checksums and fails where they differ. */
  upload(node: NodeName, storage: StorageName, file: UploadedFile, signal: AbortSignal): Promise<Upid>;
  volumes(
    node: NodeName,
    storage: StorageName,
    content: "iso" | "snippets" | "images" | "vztmpl" | "import" | "rootdir" | "backup",
    signal: AbortSignal,
  ): Promise<VolumeSummary[]>;
  volumeInfo(node: NodeName, storage: StorageName, volid: string, signal: AbortSignal): Promise<VolumeInfo>;
  /**
   * Null where PVE was done before it answered, for which it takes its time up to `delay`. A volume that is not there
   * is no error.
   */
  deleteVolume(
    node: NodeName,
    storage: StorageName,
    volid: string,
    signal: AbortSignal,
    delay?: Ms,
  ): Promise<Upid | null>;
  taskStatus(upid: Upid, signal: AbortSignal): Promise<TaskStatus>;
  taskLog(upid: Upid, signal: AbortSignal): Promise<string[]>;
  /** Running tasks of the node: all users' where the token has Sys.Audit on it, otherwise its own. */
  activeTasks(node: NodeName, signal: AbortSignal): Promise<ActiveTask[]>;
  abortTask(upid: Upid, signal: AbortSignal): Promise<void>;
  /** An agent that is silent holds one of the daemon's three workers for three seconds. */
  pingAgent(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<"answers" | "silent">;
  /** Resource pools on which the token has Pool.Audit. */
  pools(signal: AbortSignal): Promise<{ readonly name: string; readonly comment: string | null }[]>;
  poolMembers(pool: string, signal: AbortSignal): Promise<ReadonlySet<Vmid>>;
  /** Path → privilege → whether it is handed down. A privilege that is named is granted, also with 0. */
  permissions(signal: AbortSignal): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
  /** What the token may do at one path, inherited privileges included, whether the path exists or not. */
  privilegesAt(path: string, signal: AbortSignal): Promise<ReadonlySet<string>>;
}

export function createClient(http: PveHttp): ProxmoxClient {
  return {
    ...clusterCalls(http),
    ...nodeCalls(http),
    ...guestCalls(http),
    ...snapshotCalls(http),
    ...agentCalls(http),
    ...containerCalls(http),
    ...storageCalls(http),
    ...downloadCalls(http),
    ...consoleCalls(http),
    ...taskCalls(http),
  };
}
