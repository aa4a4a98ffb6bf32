import { completeAccess } from "./access.ts";
import { Consoles } from "./consoles.ts";
import { cloudInitWish, imageStorage, makeCloudInit, makeVolume } from "./disks.ts";
import { FileLocks } from "./file-locks.ts";
import { type Config, type Guest, isRunning, nameOf } from "./guest.ts";
import { allSnippets } from "./snippets.ts";
import type { Content, GuestSpec } from "./spec.ts";
import { Statd } from "./statd.ts";
import { newMac, newUuid, type PveState } from "./state.ts";
import { Tasks } from "./tasks.ts";
import { Tickets } from "./tickets.ts";
import { Volumes } from "./volumes.ts";

const MiB = 1024 * 1024;

/** The cluster as the world file says, before anyone called. Machines that run are not switched on yet. */
export function createState(options: Pick<PveState, "spec" | "time" | "chance" | "boot" | "makeContainer">): PveState {
  const { time } = options;
  const spec: PveState["spec"] = { ...options.spec, access: completeAccess(options.spec) };
  const guests = new Map<number, Guest>();
  const state: PveState = {
    ...options,
    spec,
    guests,
    containers: new Map(),
    volumes: new Volumes(),
    tasks: new Tasks(time),
    locks: new FileLocks(time),
    statd: new Statd(time, spec.resourcesLagMs, (vmid) => {
      const guest = guests.get(vmid);
      return guest === undefined
        ? null
        : { status: isRunning(guest) ? ("running" as const) : ("stopped" as const), name: nameOf(guest) };
    }),
    tickets: new Tickets(time, options.chance),
    consoles: new Consoles(time, options.chance),
    haResources: new Map(),
    poolComments: new Map(),
    nodeConfigs: new Map(),
    firewalls: new WeakMap(),
    firstSnippets: allSnippets(spec),
    markerCopied: false,
  };
  for (const volume of spec.volumes) {
    const content = volume.name.split("/")[0] as Content;
    makeVolume(state, { ...volume, content, owner: null, origin: "foreign" });
  }
  for (const guest of spec.guests) {
    guests.set(guest.vmid, foreignGuest(state, guest));
    state.statd.look(guest.vmid);
  }
  return state;
}

function foreignGuest(state: PveState, spec: GuestSpec): Guest {
  const node = spec.node ?? state.spec.nodes[0]?.name ?? "";
  return {
    vmid: spec.vmid,
    node,
    origin: "foreign",
    image: spec.image,
    config: configOf(state, spec),
    pending: new Map(),
    snapshots: new Map(),
    resourcePool: spec.resourcePool,
    power: spec.running
      ? {
          kind: "running",
          pid: 1000 + state.chance.below(8000),
          since: state.time.now(),
          media: new Map(),
          off: new AbortController(),
          paused: false,
          system: null,
        }
      : { kind: "stopped" },
  };
}

function configOf(state: PveState, spec: GuestSpec): Config {
  const storage = spec.storage ?? imageStorage(state.spec);
  const disk = makeVolume(state, {
    storage,
    name: `${spec.vmid}/${spec.template ? "base" : "vm"}-${spec.vmid}-disk-0.qcow2`,
    size: spec.diskMiB * MiB,
    content: "images",
    owner: spec.vmid,
    origin: "foreign",
  });
  const config: Config = new Map<string, string | number>([
    ["name", spec.name ?? `guest-${spec.vmid}`],
    ["memory", String(spec.memoryMiB)],
    ["cores", spec.cores],
    ["scsihw", "virtio-scsi-single"],
    ["scsi0", `${disk},size=${spec.diskMiB}M`],
    ["net0", `virtio=${newMac(state)},bridge=${state.spec.bridges[0] ?? "vmbr0"}`],
    ["boot", "order=scsi0"],
    ["agent", "enabled=1"],
    ["ostype", "l26"],
    ["smbios1", `uuid=${newUuid(state)}`],
    ["vmgenid", newUuid(state)],
  ]);
  if (spec.template) config.set("template", 1);
  if (spec.protection) config.set("protection", 1);
  if (spec.lock !== null) config.set("lock", spec.lock);
  if (spec.description !== null) config.set("description", spec.description.trimEnd());
  if (spec.tags.length > 0) config.set("tags", spec.tags.join(";"));
  if (spec.cloudInitDrive ?? spec.template) config.set("ide2", `${storage}:cloudinit`);
  for (const [name, value] of Object.entries(spec.config)) config.set(name, value);
  for (const [slot, value] of config) {
    const wish = cloudInitWish(String(value));
    if (wish !== null) config.set(slot, makeCloudInit(state, wish, spec.vmid, "foreign"));
  }
  return config;
}
