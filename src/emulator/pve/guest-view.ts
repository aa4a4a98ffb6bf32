import { drivesOf, isDisk } from "./drives.ts";
import { coresOf, type Guest, hasAgent, isTemplate, lockOf, memoryOf, nameOf } from "./guest.ts";
import { balloonView, pressures, runningView } from "./running-view.ts";
import { isNine, type PveState } from "./state.ts";
import { parseSize } from "./volumes.ts";

type View = Record<string, unknown>;

/** A guest in `/nodes/N/qemu`: what is live, and only the keys that PVE shows for it. */
export function listed(state: PveState, guest: Guest): View {
  const { power } = guest;
  const view: View = {
    vmid: guest.vmid,
    status: power.kind,
    cpu: 0,
    cpus: coresOf(guest),
    mem: 0,
    maxmem: memoryOf(guest),
    disk: 0,
    maxdisk: diskSize(guest),
    netin: 0,
    netout: 0,
    uptime: power.kind === "running" ? uptime(state, power.since) : 0,
  };
  view.name = nameOf(guest) ?? `VM ${guest.vmid}`;
  if (isTemplate(guest)) view.template = 1;
  if (power.kind === "running") {
    view.pid = power.pid;
    if (isNine(state)) Object.assign(view, pressures);
  }
  if (guest.config.has("serial0")) view.serial = 1;
  if (isNine(state)) view.memhost = 0;
  return withCurrent(guest, view);
}

/** With what QEMU says about a running machine. */
export function full(state: PveState, guest: Guest): View {
  const { power } = guest;
  const view = { ...listed(state, guest), qmpstatus: power.kind === "running" && power.paused ? "paused" : power.kind };
  if (power.kind === "stopped") return view;
  const alive = power.system?.agentAnswers() === true;
  return { ...view, ...runningView(state, guest), ...(alive ? balloonView(state, guest) : {}) };
}

export function current(state: PveState, guest: Guest): View {
  const view = { ...full(state, guest), ha: { managed: 0 }, ...(guest.config.has("vga") ? { clipboard: null } : {}) };
  return hasAgent(guest) ? { ...view, agent: 1 } : view;
}

/** In `/cluster/resources`: name and status as they were seen last, the rest as it is. */
export function asResource(state: PveState, guest: Guest, showPool: boolean): View {
  const seen = state.statd.seen(guest.vmid);
  const view: View = { id: `qemu/${guest.vmid}`, type: "qemu", vmid: guest.vmid, node: guest.node };
  if (showPool && guest.resourcePool !== null) view.pool = guest.resourcePool;
  if (seen === undefined) return withCurrent(guest, { ...view, status: "unknown" });
  Object.assign(view, {
    status: seen.status,
    template: isTemplate(guest) ? 1 : 0,
    cpu: 0,
    maxcpu: coresOf(guest),
    mem: 0,
    maxmem: memoryOf(guest),
    disk: 0,
    maxdisk: diskSize(guest),
    diskread: 0,
    diskwrite: 0,
    netin: 0,
    netout: 0,
    uptime: guest.power.kind === "running" && seen.status === "running" ? uptime(state, guest.power.since) : 0,
  });
  if (seen.name !== undefined) view.name = seen.name;
  if (isNine(state)) view.memhost = 0;
  return withCurrent(guest, view);
}

function withCurrent(guest: Guest, view: View): View {
  const tags = guest.config.get("tags");
  const lock = lockOf(guest);
  if (tags !== undefined) view.tags = tags;
  if (lock !== undefined) view.lock = lock;
  return view;
}

const uptime = (state: PveState, since: number): number => Math.floor((state.time.now() - since) / 1000);

function diskSize(guest: Guest): number {
  for (const [, drive] of drivesOf(guest.config)) {
    if (isDisk(drive)) return parseSize(drive.options.get("size") ?? "") ?? 0;
  }
  return 0;
}
