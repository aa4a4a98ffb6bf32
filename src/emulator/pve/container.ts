import { createHash } from "node:crypto";
import type { Instant } from "../../domain/time.ts";
import type { ContainerSystem } from "../container.ts";
import { failed } from "./refusal.ts";
import { isNine, type PveState } from "./state.ts";
import { parseSize } from "./volumes.ts";

/** A container: its configuration, whether it runs, and what runs inside of it, where anything does. */
export interface Container {
  readonly vmid: number;
  readonly node: string;
  readonly config: Map<string, string | number>;
  resourcePool: string | null;
  running: { readonly pid: number; readonly since: Instant } | null;
  /** Whether it ran before: from then on PVE 9 looks into it at each start. */
  known?: boolean;
  /** Whether `cluster/resources` has seen it. */
  seen: boolean;
  readonly system?: ContainerSystem | null;
  /** All that its console has printed. */
  readonly transcript: Uint8Array[];
}

type View = Record<string, unknown>;

export const missingContainer = (node: string, vmid: number) =>
  failed(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`);

export function needContainer(state: PveState, node: string, vmid: number): Container {
  const container = state.containers.get(vmid);
  if (container === undefined || container.node !== node) throw missingContainer(node, vmid);
  return container;
}

export const containerDigest = ({ config }: Container): string =>
  createHash("sha1")
    .update(JSON.stringify([...config].sort(([a], [b]) => a.localeCompare(b))))
    .digest("hex");

/** In `/nodes/N/lxc`. */
export function listedContainer(state: PveState, container: Container): View {
  const { config, vmid, running } = container;
  const view: View = {
    vmid,
    type: "lxc",
    status: running === null ? "stopped" : "running",
    name: config.get("hostname") ?? `CT${vmid}`,
    cpu: 0,
    cpus: Number(config.get("cores") ?? 1),
    mem: 0,
    maxmem: memory(container),
    swap: 0,
    maxswap: Number(config.get("swap") ?? 512) * 1024 ** 2,
    disk: 0,
    maxdisk: rootSize(container),
    diskread: 0,
    diskwrite: 0,
    netin: 0,
    netout: 0,
    uptime: running === null ? 0 : Math.floor((state.time.now() - running.since) / 1000),
  };
  if (running !== null) {
    view.pid = running.pid;
    if (isNine(state)) for (const name of pressures) view[name] = null;
  }
  if (config.get("template") === 1) view.template = 1;
  return withTags(container, view);
}

export const currentContainer = (state: PveState, container: Container): View => ({
  ...listedContainer(state, container),
  ha: { managed: state.haResources.has(`ct:${container.vmid}`) ? 1 : 0 },
});

export function containerAsResource(state: PveState, container: Container, showPool: boolean): View {
  const { vmid, node, resourcePool, config } = container;
  const view: View = { id: `lxc/${vmid}`, type: "lxc", vmid, node };
  if (showPool && resourcePool !== null) view.pool = resourcePool;
  if (!container.seen) return withTags(container, { ...view, status: "unknown" });
  const { cpus, swap: _swap, maxswap: _maxswap, pid: _pid, ...rest } = listedContainer(state, container);
  for (const name of pressures) delete rest[name];
  return {
    ...rest,
    ...view,
    maxcpu: cpus,
    template: config.get("template") === 1 ? 1 : 0,
    ...(isNine(state) ? { memhost: 0 } : {}),
  };
}

const pressures = ["cpufull", "cpusome", "iofull", "iosome", "memoryfull", "memorysome"].map(
  (name) => `pressure${name}`,
);
const memory = ({ config }: Container): number => Number(config.get("memory") ?? 512) * 1024 ** 2;
const rootSize = ({ config }: Container): number =>
  parseSize(/\bsize=([^,]+)/.exec(String(config.get("rootfs") ?? ""))?.[1] ?? "") ?? 0;

function withTags({ config }: Container, view: View): View {
  for (const name of ["tags", "lock"]) {
    const value = config.get(name);
    if (value !== undefined) view[name] = value;
  }
  return view;
}
