import { z } from "zod";
import type { NodeName, StorageName, Upid, Vmid } from "../domain/ids.ts";
import type { Secret } from "../domain/secret.ts";
import type { Ms } from "../domain/time.ts";
import type { ConfigChange, GuestConfig, GuestSummary } from "./client.ts";
import { configOf } from "./guest-calls.ts";
import type { PveHttp } from "./http.ts";
import { interfacesData, type NetworkInterface } from "./interfaces.ts";
import type { Path } from "./request.ts";
import { configData, guestsData, statusData, upidData } from "./wire.ts";

export interface ContainerStatus {
  readonly status: GuestSummary["status"];
  readonly lock: string | null;
  readonly template: boolean;
  readonly uptime: Ms;
}

export interface ContainerParams {
  readonly vmid: Vmid;
  /** The volume of a template, as in `local:vztmpl/debian-13-standard_13.1-1_amd64.tar.zst`. */
  readonly template: string;
  readonly storage: StorageName;
  readonly pool: string | null;
  readonly password: Secret | null;
  readonly start: boolean;
  /** As PVE names them: `hostname`, `memory`, `rootfs`, `net0`, `features`, `unprivileged`, `ssh-public-keys` … */
  readonly options: Readonly<Record<string, string | number>>;
}

/** What concerns containers (LXC). */
export interface ContainerCalls {
  /** Of one node, those that the token may see, as they are now. */
  containers(node: NodeName, signal: AbortSignal): Promise<GuestSummary[]>;
  containerStatus(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<ContainerStatus>;
  /** The description without the newline that PVE puts at the end of every container's. */
  containerConfig(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<GuestConfig>;
  /** Empty addresses until they are configured. */
  containerInterfaces(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<NetworkInterface[]>;
  putContainerConfig(node: NodeName, vmid: Vmid, change: ConfigChange, signal: AbortSignal): Promise<void>;
  createContainer(node: NodeName, params: ContainerParams, signal: AbortSignal): Promise<Upid>;
  /** Unlike a virtual machine's, a container's state is checked before there is a task: `conflict`. */
  startContainer(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  stopContainer(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Upid>;
  /** With its jobs and ACLs; disks that its configuration does not name stay. `force`: also while it runs. */
  destroyContainer(node: NodeName, vmid: Vmid, how: { readonly force: boolean }, signal: AbortSignal): Promise<Upid>;
}

export function containerCalls(http: PveHttp): ContainerCalls {
  const power = (node: NodeName, vmid: Vmid, verb: "start" | "stop", signal: AbortSignal): Promise<Upid> =>
    http.post([...containerPath(node, vmid), "status", verb], { schema: upidData, signal });

  return {
    async containers(node, signal) {
      const found = await http.get(["nodes", node, "lxc"], { schema: guestsData, signal });
      return found
        .map(({ vmid, name, status, template, lock, tags }) => {
          return { vmid, node, name, type: "lxc" as const, status, template, lock, resourcePool: undefined, tags };
        })
        .sort((a, b) => a.vmid - b.vmid);
    },

    async containerStatus(node, vmid, signal) {
      const path = [...containerPath(node, vmid), "status", "current"];
      const { status, lock, template, uptime } = await http.get(path, { schema: statusData, signal });
      return { status, lock, template, uptime };
    },

    async containerConfig(node, vmid, signal) {
      const path = [...containerPath(node, vmid), "config"];
      const { digest, values } = configOf(await http.get(path, { schema: configData, signal }));
      const { description } = values;
      if (description === undefined) return { digest, values };
      return { digest, values: { ...values, description: description.replace(/\n$/, "") } };
    },

    containerInterfaces: (node, vmid, signal) =>
      http.get([...containerPath(node, vmid), "interfaces"], { schema: absentIsEmpty, signal }),

    async putContainerConfig(node, vmid, { set, delete: gone = [], digest }, signal) {
      const form = { ...set, delete: gone.length === 0 ? null : gone.join(","), digest };
      await http.put([...containerPath(node, vmid), "config"], { schema: z.unknown(), signal, form });
    },

    createContainer(node, { vmid, template, storage, pool, password, start, options }, signal) {
      const form = { ...options, vmid, ostemplate: template, storage, pool, password: password?.reveal(), start };
      return http.post(["nodes", node, "lxc"], { schema: upidData, signal, form });
    },

    startContainer: (node, vmid, signal) => power(node, vmid, "start", signal),
    stopContainer: (node, vmid, signal) => power(node, vmid, "stop", signal),

    destroyContainer(node, vmid, { force }, signal) {
      const query = { purge: true, "destroy-unreferenced-disks": false, force };
      return http.delete(containerPath(node, vmid), { schema: upidData, signal, query });
    },
  };
}

export const containerPath = (node: NodeName, vmid: Vmid): Path => ["nodes", node, "lxc", vmid];

/** PVE says null of a container that is off. */
const absentIsEmpty = z.union([interfacesData, z.null().transform((): NetworkInterface[] => [])]);
