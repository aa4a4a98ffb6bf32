import { createHash } from "node:crypto";
import { containerAsResource } from "./container.ts";
import { aVmid, maybe, oneOf } from "./formats.ts";
import { isRunning, memoryOf } from "./guest.ts";
import { asResource } from "./guest-view.ts";
import { allowed } from "./permissions.ts";
import { badParameters } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import type { NodeSpec } from "./spec.ts";
import { isNine, type PveState } from "./state.ts";
import { usageOf } from "./storage-usage.ts";

const GiB = 1024 ** 3;
const cores = 16;
const versions = {
  "8.4": { release: "8.4", version: "8.4.21", repoid: "2606ac850d46da29" },
  "9.2": { release: "9.2", version: "9.2.11", repoid: "14a22df35955d97d" },
} as const;

export const clusterCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/version",
    call: "version",
    answer: ({ state }) => ({ data: versions[state.spec.generation] }),
  },
  {
    method: "GET",
    path: "/nodes",
    call: "nodes",
    answer: ({ state, token }) => ({
      data: state.spec.nodes.map((node) => ({
        ...nodeEntry(state, token, node),
        ...(node.online ? { ssl_fingerprint: fingerprint(node) } : {}),
      })),
    }),
  },
  {
    method: "GET",
    path: "/nodes/{node}/status",
    call: "node.status",
    needs: (_state, path) => [`/nodes/${path.node}`, "Sys.Audit"],
    answer: nodeStatus,
  },
  {
    method: "GET",
    path: "/cluster/resources",
    call: "resources",
    parameters: { type: maybe(oneOf("vm", "storage", "node", "sdn")) },
    answer: resources,
  },
  {
    method: "GET",
    path: "/cluster/status",
    call: "cluster.status",
    needs: () => ["/", "Sys.Audit"],
    answer: ({ state }) => ({
      data: state.spec.nodes.map(({ name, online }, at) => ({
        id: `node/${name}`,
        type: "node",
        name,
        nodeid: at,
        ip: `192.0.2.${at + 2}`,
        level: "",
        local: at === 0 ? 1 : 0,
        online: online ? 1 : 0,
      })),
    }),
  },
  {
    method: "GET",
    path: "/cluster/nextid",
    call: "nextid",
    parameters: { vmid: maybe(aVmid) },
    answer: ({ state, values }) => ({ data: String(nextId(state, values.number("vmid"))) }),
  },
];

/** It only looks for a free VMID and reserves nothing. */
function nextId(state: PveState, asked: number | undefined): number {
  if (asked !== undefined) {
    if (state.guests.has(asked) || state.containers.has(asked))
      throw badParameters({ vmid: `VM ${asked} already exists` });
    return asked;
  }
  let vmid = 100;
  while (state.guests.has(vmid) || state.containers.has(vmid)) vmid++;
  return vmid;
}

function memoryUsed(state: PveState, node: string): number {
  let used = 2 * GiB;
  for (const guest of state.guests.values()) if (guest.node === node && isRunning(guest)) used += memoryOf(guest);
  return used;
}

function nodeEntry(state: PveState, token: Call["token"], node: NodeSpec): Record<string, unknown> {
  const entry = { node: node.name, id: `node/${node.name}`, type: "node", level: "" };
  if (!node.online) return { ...entry, status: "offline" };
  if (!allowed(state, token, `/nodes/${node.name}`, "Sys.Audit")) return { ...entry, status: "online" };
  return { ...entry, status: "online", ...figures(state, node) };
}

const figures = (state: PveState, node: NodeSpec): Record<string, number> => ({
  cpu: 0.02,
  maxcpu: cores,
  mem: memoryUsed(state, node.name),
  maxmem: node.memoryGiB * GiB,
  disk: 10 * GiB,
  maxdisk: 100 * GiB,
  uptime: 100_000,
});

/** The SHA-256 of a certificate, as PVE shows it. */
function fingerprint({ name }: NodeSpec): string {
  const known = fingerprints.get(name);
  if (known !== undefined) return known;
  const made = (createHash("sha256").update(name).digest("hex").toUpperCase().match(/../g) ?? []).join(":");
  fingerprints.set(name, made);
  return made;
}

const fingerprints = new Map<string, string>();

function nodeStatus({ state, node }: Call): Answer {
  const spec = state.spec.nodes.find(({ name }) => name === node);
  const total = (spec?.memoryGiB ?? 0) * GiB;
  const used = memoryUsed(state, node);
  const available = isNine(state) ? { available: Math.max(0, total - used) } : {};
  const { version, repoid } = versions[state.spec.generation];
  return {
    data: {
      cpu: 0.02,
      idle: 0,
      wait: 0,
      uptime: 100_000,
      kversion: "Linux 6.8.12-1-pve #1 SMP PREEMPT_DYNAMIC",
      "current-kernel": {
        sysname: "Linux",
        release: "6.8.12-1-pve",
        version: "#1 SMP PREEMPT_DYNAMIC",
        machine: "x86_64",
      },
      "boot-info": { mode: "legacy-bios" },
      loadavg: ["0.17", "0.21", "0.24"],
      memory: { total, used, free: Math.max(0, total - used), ...available },
      swap: { total: 0, used: 0, free: 0 },
      rootfs: { total: 100 * GiB, used: 10 * GiB, free: 90 * GiB, avail: 85 * GiB },
      ksm: { shared: 0 },
      cpuinfo: {
        cpus: cores,
        cores,
        sockets: 1,
        model: "AMD EPYC",
        mhz: "2596.124",
        user_hz: 100,
        hvm: "1",
        flags: "",
        ...(isNine(state) ? { family: "26", vendor: "AuthenticAMD" } : {}),
      },
      pveversion: `pve-manager/${version}/${repoid}`,
    },
  };
}

function resources({ state, token, values }: Call): Answer {
  const type = values.text("type");
  const list: unknown[] = [];
  if (type === undefined || type === "vm") {
    const shown = new Map(
      state.spec.resourcePools.map((pool) => [pool, allowed(state, token, `/pool/${pool}`, "Pool.Audit")]),
    );
    for (const guest of state.guests.values()) {
      if (!allowed(state, token, `/vms/${guest.vmid}`, "VM.Audit")) continue;
      list.push(asResource(state, guest, shown.get(guest.resourcePool ?? "") ?? false));
    }
    for (const container of state.containers.values()) {
      if (!allowed(state, token, `/vms/${container.vmid}`, "VM.Audit")) continue;
      list.push(containerAsResource(state, container, shown.get(container.resourcePool ?? "") ?? false));
    }
  }
  if (type === undefined || type === "node") {
    for (const node of state.spec.nodes) {
      const seen = node.online && allowed(state, token, `/nodes/${node.name}`, "Sys.Audit");
      list.push({ ...nodeEntry(state, token, node), ...(seen ? { "cgroup-mode": isNine(state) ? 2 : 1 } : {}) });
    }
  }
  if (type === undefined || type === "storage") list.push(...storages(state, token));
  if (type === undefined) {
    for (const pool of state.spec.resourcePools) {
      if (allowed(state, token, `/pool/${pool}`, "Pool.Audit")) list.push({ pool, type: "pool", id: `/pool/${pool}` });
    }
  }
  return { data: list };
}

function* storages(state: PveState, token: Call["token"]): Generator<unknown> {
  for (const node of state.spec.nodes) {
    for (const storage of state.spec.storages) {
      if (!allowed(state, token, `/storage/${storage.name}`, "Datastore.Audit", "Datastore.AllocateSpace")) continue;
      const { used, total } = usageOf(state, storage);
      yield {
        id: `storage/${node.name}/${storage.name}`,
        type: "storage",
        storage: storage.name,
        node: node.name,
        status: node.online ? "available" : "unknown",
        content: storage.content.join(","),
        shared: storage.shared ? 1 : 0,
        plugintype: "dir",
        disk: used,
        maxdisk: total,
      };
    }
  }
}
