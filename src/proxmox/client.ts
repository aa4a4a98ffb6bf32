import type { NodeName, StorageName, Upid, Vmid } from "../domain/ids.ts";
import type { Instant, Ms } from "../domain/time.ts";
import { clusterCalls } from "./cluster-calls.ts";
import { guestCalls } from "./guest-calls.ts";
import type { PveHttp } from "./http.ts";
import { storageCalls } from "./storage-calls.ts";
import { taskCalls } from "./task-calls.ts";

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
export interface ProxmoxClient {
  version(signal: AbortSignal): Promise<{ version: string; release: string }>;
  nodes(signal: AbortSignal): Promise<NodeSummary[]>;
  /** Guests of the whole cluster that the token may see; power and new names come up to ten seconds late. */
  resources(signal: AbortSignal): Promise<GuestSummary[]>;
  /** The virtual machines of one node that the token may see, as they are now. */
  guests(node: NodeName, signal: AbortSignal): Promise<GuestSummary[]>;
  status(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<GuestStatus>;
  config(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<GuestConfig>;
  /** The UPID names the template, not the new guest. */
  clone(node: NodeName, template: Vmid, params: CloneParams, signal: AbortSignal): Promise<Upid>;
  putConfig(node: NodeName, vmid: Vmid, change: ConfigChange, signal: AbortSignal): Promise<void>;
  /** `size` as PVE writes it: `20G`, or `+5G`. */
  resize(node: NodeName, vmid: Vmid, disk: string, size: string, signal: AbortSignal): Promise<Upid>;
  start(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  stop(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  /** With its jobs, ACLs and HA entries; disks that its configuration does not name stay. */
  destroy(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  /** Asks for one VMID and counts guests that the token may not see. Anything but a clear answer is thrown. */
  nextId(vmid: Vmid, signal: AbortSignal): Promise<"free" | "used">;
  /** Overwrites a file of the same name without a word. */
  upload(
    node: NodeName,
    storage: StorageName,
    file: { content: "iso"; name: string; bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<Upid>;
  volumes(
    node: NodeName,
    storage: StorageName,
    content: "iso" | "snippets" | "images",
    signal: AbortSignal,
  ): Promise<VolumeSummary[]>;
  /** Null where PVE was done before it answered. A volume that is not there is no error. */
  deleteVolume(node: NodeName, storage: StorageName, volid: string, signal: AbortSignal): Promise<Upid | null>;
  taskStatus(upid: Upid, signal: AbortSignal): Promise<TaskStatus>;
  taskLog(upid: Upid, signal: AbortSignal): Promise<string[]>;
  /** Running tasks of the node: all users' where the token has Sys.Audit on it, otherwise its own. */
  activeTasks(node: NodeName, signal: AbortSignal): Promise<ActiveTask[]>;
  abortTask(upid: Upid, signal: AbortSignal): Promise<void>;
  /** An agent that is silent holds one of the daemon's three workers for three seconds. */
  pingAgent(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<"answers" | "silent">;
  poolMembers(pool: string, signal: AbortSignal): Promise<ReadonlySet<Vmid>>;
  /** Path → privilege → whether it is handed down. A privilege that is named is granted, also with 0. */
  permissions(signal: AbortSignal): Promise<Readonly<Record<string, Readonly<Record<string, number>>>>>;
}

export function createClient(http: PveHttp): ProxmoxClient {
  return { ...clusterCalls(http), ...guestCalls(http), ...storageCalls(http), ...taskCalls(http) };
}
