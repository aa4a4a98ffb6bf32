import { hasCode } from "../domain/errors.ts";
import type { Vmid } from "../domain/ids.ts";
import type { ProxmoxClient } from "./client.ts";
import { errorOfNonsense } from "./errors.ts";
import type { PveHttp } from "./http.ts";
import * as wire from "./wire.ts";

type ClusterCalls = Pick<
  ProxmoxClient,
  "version" | "nodes" | "resources" | "nextId" | "pools" | "poolMembers" | "permissions" | "privilegesAt"
>;

/** What concerns the whole cluster. */
export function clusterCalls(http: PveHttp): ClusterCalls {
  return {
    async version(signal) {
      const { version, release } = await http.get(["version"], { schema: wire.versionData, signal });
      const major = Number.parseInt(version, 10);
      return { version, release, generation: major === 8 || major === 9 ? major : null };
    },

    async nodes(signal) {
      const nodes = await http.get(["nodes"], { schema: wire.nodesData, signal });
      return nodes
        .map(({ node, status, mem, maxmem, cpu }) => ({
          name: node,
          online: status === "online",
          freeMemory: mem === null || maxmem === null ? null : maxmem - mem,
          load: cpu,
        }))
        .sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async resources(signal) {
      const query = { type: "vm" };
      const guests = await http.get(["cluster", "resources"], { schema: wire.resourcesData, signal, query });
      return guests
        .map(({ vmid, node, name, type, status, template, lock, pool, tags }) => {
          return { vmid, node, name, type, status, template, lock, resourcePool: pool, tags };
        })
        .sort((a, b) => a.vmid - b.vmid);
    },

    async nextId(vmid, signal) {
      const path = ["cluster", "nextid"];
      try {
        const free = await http.get(path, { schema: wire.nextIdData, signal, query: { vmid } });
        if (free === vmid) return "free";
        throw errorOfNonsense({ method: "GET", path: "/cluster/nextid", mutates: false }, `for ${vmid} is ${free}`);
      } catch (error) {
        if (saysUsed(error, vmid)) return "used";
        throw error;
      }
    },

    async pools(signal) {
      const pools = await http.get(["pools"], { schema: wire.poolsData, signal });
      return pools.map(({ poolid, comment }) => ({ name: poolid, comment })).sort((a, b) => (a.name < b.name ? -1 : 1));
    },

    async poolMembers(pool, signal) {
      const { members } = await http.get(["pools", pool], { schema: wire.poolData, signal });
      const guests = members.filter(({ type }) => type === "qemu" || type === "lxc");
      return new Set(guests.flatMap(({ vmid }): Vmid[] => (vmid === null || vmid === undefined ? [] : [vmid])));
    },

    permissions: (signal) => http.get(["access", "permissions"], { schema: wire.permissionsData, signal }),

    async privilegesAt(path, signal) {
      const query = { path };
      const granted = await http.get(["access", "permissions"], { schema: wire.permissionsData, signal, query });
      return new Set(Object.keys(granted[path] ?? {}));
    },
  };
}

function saysUsed(error: unknown, vmid: Vmid): boolean {
  if (!hasCode(error, "invalid") || error.details.status !== 400) return false;
  const why = error.details.parameters?.vmid ?? "";
  return why.includes("already exists") && why.includes(String(vmid));
}
