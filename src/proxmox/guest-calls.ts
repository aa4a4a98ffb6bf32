import { hasCode } from "../domain/errors.ts";
import type { NodeName, Upid, Vmid } from "../domain/ids.ts";
import type { GuestConfig, ProxmoxClient } from "./client.ts";
import type { PveHttp } from "./http.ts";
import type { Path } from "./request.ts";
import * as wire from "./wire.ts";

type GuestCalls = Pick<
  ProxmoxClient,
  "guests" | "status" | "config" | "clone" | "putConfig" | "resize" | "start" | "stop" | "destroy" | "pingAgent"
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

    clone(node, template, { newid, name, description, pool, full, storage }, signal) {
      const form = { newid, name, description, pool, full, storage };
      return http.post([...guestPath(node, template), "clone"], { schema: wire.upidData, signal, form });
    },

    async putConfig(node, vmid, { set, delete: unset = [], digest }, signal) {
      const form = { ...set, delete: unset.length === 0 ? null : unset.join(","), digest };
      await http.put([...guestPath(node, vmid), "config"], { schema: wire.ignoredData, signal, form });
    },

    resize: (node, vmid, disk, size, signal) =>
      http.put([...guestPath(node, vmid), "resize"], { schema: wire.upidData, signal, form: { disk, size } }),

    start: (node, vmid, signal) => power(node, vmid, "start", signal),
    stop: (node, vmid, signal) => power(node, vmid, "stop", signal),

    destroy(node, vmid, signal) {
      const query = { purge: true, "destroy-unreferenced-disks": false };
      return http.delete(guestPath(node, vmid), { schema: wire.upidData, signal, query });
    },

    async pingAgent(node, vmid, signal) {
      const path = [...guestPath(node, vmid), "agent", "ping"];
      try {
        await http.post(path, { schema: wire.ignoredData, signal, readOnly: true });
        return "answers";
      } catch (error) {
        if (saysAgentIsSilent(error)) return "silent";
        throw error;
      }
    },
  };
}

const guestPath = (node: NodeName, vmid: Vmid): Path => ["nodes", node, "qemu", vmid];

function configOf({ digest, ...rest }: Readonly<Record<string, unknown>> & { readonly digest: string }): GuestConfig {
  const known = Object.entries(rest).filter(([, value]) => value !== null);
  return {
    digest,
    values: Object.fromEntries(
      known.map(([key, value]) => [key, typeof value === "object" ? JSON.stringify(value) : String(value)]),
    ),
  };
}

const saysAgentIsSilent = (error: unknown): boolean =>
  hasCode(error, "unavailable", "invalid") &&
  error.details.status === 500 &&
  /: (QEMU guest agent is not running|No QEMU guest agent configured)/.test(error.message);
