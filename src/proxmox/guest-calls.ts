import type { NodeName, Upid, Vmid } from "../domain/ids.ts";
import { SECOND } from "../domain/time.ts";
import type { ConfigChange, GuestConfig, ProxmoxClient } from "./client.ts";
import type { PveHttp } from "./http.ts";
import type { Params, Path } from "./request.ts";
import * as wire from "./wire.ts";

type GuestCalls = Pick<
  ProxmoxClient,
  | "guests"
  | "status"
  | "config"
  | "createGuest"
  | "clone"
  | "putConfig"
  | "postConfig"
  | "resize"
  | "start"
  | "stop"
  | "shutdown"
  | "makeTemplate"
  | "destroy"
>;

/** What concerns one virtual machine. */
export function guestCalls(http: PveHttp): GuestCalls {
  const power = (node: NodeName, vmid: Vmid, verb: "start" | "stop", signal: AbortSignal): Promise<Upid> =>
    http.post([...guestPath(node, vmid), "status", verb], { schema: wire.upidData, signal });

  return {
    async guests(node, signal) {
      const guests = await http.get(["nodes", node, "qemu"], { schema: wire.guestsData, signal });
      return guests
        .map(({ vmid, name, status, template, lock, tags }) => {
          return { vmid, node, name, type: "qemu" as const, status, template, lock, resourcePool: undefined, tags };
        })
        .sort((a, b) => a.vmid - b.vmid);
    },

    async status(node, vmid, signal) {
      const path = [...guestPath(node, vmid), "status", "current"];
      const read = await http.get(path, { schema: wire.statusData, signal });
      const { status, qmpstatus, lock, template, uptime, agent } = read;
      return { status, qmpstatus, lock, template, uptime, agent };
    },

    async config(node, vmid, signal) {
      const data = await http.get([...guestPath(node, vmid), "config"], { schema: wire.configData, signal });
      return configOf(data);
    },

    createGuest: (node, { vmid, name, description, pool, options = {} }, signal) =>
      http.post(["nodes", node, "qemu"], {
        schema: wire.upidData,
        signal,
        form: { ...options, vmid, name, description, pool },
      }),

    clone(node, template, { newid, name, description, pool, full, storage }, signal) {
      const form = { newid, name, description, pool, full, storage };
      return http.post([...guestPath(node, template), "clone"], { schema: wire.upidData, signal, form });
    },

    async putConfig(node, vmid, change, signal) {
      const form = formOf(change);
      await http.put([...guestPath(node, vmid), "config"], { schema: wire.ignoredData, signal, form });
    },

    postConfig(node, vmid, change, signal) {
      const form = formOf(change);
      return http.post([...guestPath(node, vmid), "config"], { schema: wire.optionalUpidData, signal, form });
    },

    resize: (node, vmid, disk, size, signal) =>
      http.put([...guestPath(node, vmid), "resize"], { schema: wire.upidData, signal, form: { disk, size } }),

    start: (node, vmid, signal) => power(node, vmid, "start", signal),
    stop: (node, vmid, signal) => power(node, vmid, "stop", signal),

    shutdown(node, vmid, { timeout, force }, signal) {
      const form = { timeout: Math.ceil(timeout / SECOND), forceStop: force };
      return http.post([...guestPath(node, vmid), "status", "shutdown"], { schema: wire.upidData, signal, form });
    },

    makeTemplate: (node, vmid, signal) =>
      http.post([...guestPath(node, vmid), "template"], { schema: wire.upidData, signal }),

    destroy(node, vmid, signal) {
      const query = { purge: true, "destroy-unreferenced-disks": false };
      return http.delete(guestPath(node, vmid), { schema: wire.upidData, signal, query });
    },
  };
}

export const guestPath = (node: NodeName, vmid: Vmid): Path => ["nodes", node, "qemu", vmid];

const formOf = ({ set, delete: unset = [], digest }: ConfigChange): Params => ({
  ...set,
  delete: unset.length === 0 ? null : unset.join(","),
  digest,
});

/** Every option is kept, known to us or not. */
export function configOf({
  digest,
  ...rest
}: Readonly<Record<string, unknown>> & { readonly digest: string }): GuestConfig {
  const known = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    digest,
    values: Object.fromEntries(
      known.map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]),
    ),
  };
}
