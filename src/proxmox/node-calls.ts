import { z } from "zod";
import { asStorageName, type NodeName, type StorageName } from "../domain/ids.ts";
import { type Ms, SECOND } from "../domain/time.ts";
import type { PveHttp } from "./http.ts";
import { flag, node as nodeName, number, optionalNumber, optionalText, text } from "./wire.ts";

export interface NodeStatus {
  readonly uptime: Ms;
  /** Threads. */
  readonly cpus: number;
  /** Over one, five and fifteen minutes. */
  readonly load: readonly number[];
  /** Bytes. */
  readonly memory: { readonly total: number; readonly free: number };
  readonly root: { readonly total: number; readonly free: number };
  /** As in `pve-manager/8.4.21/2606ac85`. */
  readonly pveVersion: string | null;
}

export interface StorageSummary {
  readonly name: StorageName;
  readonly node: NodeName;
  /** `dir`, `lvmthin`, `zfspool` … */
  readonly type: string;
  /** `iso`, `images`, `snippets` …, sorted. */
  readonly content: readonly string[];
  /** The same volumes on every node. */
  readonly shared: boolean;
  readonly active: boolean;
  /** Bytes. Null while PVE has not looked, and of a storage that is not active. */
  readonly free: number | null;
  readonly total: number | null;
}

/** What concerns a node, and the storages that it reaches. */
export interface NodeCalls {
  nodeStatus(node: NodeName, signal: AbortSignal): Promise<NodeStatus>;
  /** Asked of the node itself: as they are now, the switched-off ones too. */
  storages(node: NodeName, signal: AbortSignal): Promise<StorageSummary[]>;
  /** Of all nodes, one entry for each node and storage, up to ten seconds old. */
  clusterStorages(signal: AbortSignal): Promise<StorageSummary[]>;
}

export function nodeCalls(http: PveHttp): NodeCalls {
  return {
    async nodeStatus(node, signal) {
      const read = await http.get(["nodes", node, "status"], { schema: statusData, signal });
      const { uptime, cpuinfo, loadavg, memory, rootfs, pveversion } = read;
      return {
        uptime: uptime * SECOND,
        cpus: cpuinfo.cpus,
        load: loadavg,
        // The kernel's own estimate counts caches that it would give up; PVE 8 does not tell it.
        memory: { total: memory.total, free: memory.available ?? memory.free },
        root: { total: rootfs.total, free: rootfs.avail ?? rootfs.free },
        pveVersion: pveversion,
      };
    },

    async storages(node, signal) {
      const storages = await http.get(["nodes", node, "storage"], { schema: storagesData, signal });
      return storages
        .map(({ storage, type, content, shared, active, avail, total }) => {
          const space = active ? { free: avail, total } : { free: null, total: null };
          return { name: asStorageName(storage), node, type, content, shared, active, ...space };
        })
        .sort(byName);
    },

    async clusterStorages(signal) {
      const query = { type: "storage" };
      const storages = await http.get(["cluster", "resources"], { schema: resourcesData, signal, query });
      return storages
        .map(({ storage, node, plugintype, content, shared, status, disk, maxdisk }) => {
          const active = status === "available";
          const known = active && disk !== null && maxdisk !== null && maxdisk > 0;
          const space = known ? { free: maxdisk - disk, total: maxdisk } : { free: null, total: null };
          return { name: asStorageName(storage), node, type: plugintype ?? "", content, shared, active, ...space };
        })
        .sort(byName);
    },
  };
}

const byName = (a: StorageSummary, b: StorageSummary): number =>
  `${a.name} ${a.node}` < `${b.name} ${b.node}` ? -1 : 1;

const statusData = z.looseObject({
  uptime: number,
  cpuinfo: z.looseObject({ cpus: number }),
  loadavg: z.array(number),
  memory: z.looseObject({ total: number, free: number, available: optionalNumber }),
  rootfs: z.looseObject({ total: number, free: number, avail: optionalNumber }),
  pveversion: optionalText,
});

const contents = text.nullish().transform((value) =>
  (value ?? "")
    .split(",")
    .filter((kind) => kind !== "")
    .sort(),
);

const storagesData = z.array(
  z.looseObject({
    storage: z.string().min(1),
    type: z.string(),
    content: contents,
    shared: flag,
    active: flag,
    avail: optionalNumber,
    total: optionalNumber,
  }),
);

const resourcesData = z.array(
  z.looseObject({
    storage: z.string().min(1),
    node: nodeName,
    plugintype: optionalText,
    content: contents,
    shared: flag,
    status: optionalText,
    disk: optionalNumber,
    maxdisk: optionalNumber,
  }),
);
