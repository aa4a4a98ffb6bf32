import type { Medium } from "../machine.ts";
import { cloudInitFiles } from "./cloud-init.ts";
import { applyPending } from "./configure.ts";
import { ownVolume } from "./disks.ts";
import { drivesOf, isCdrom, isCloudInit } from "./drives.ts";
import { type Guest, isTemplate, lockOf, memoryOf, type OpenMedium, type Power } from "./guest.ts";
import { failed } from "./refusal.ts";
import { isNine, needStorage, type PveState } from "./state.ts";
import type { Job } from "./tasks.ts";

type On = Extract<Power, { kind: "running" }>;

/** The worker's part of a start: whatever is wrong shows only here. */
export async function startGuest(state: PveState, guest: Guest, job: Job): Promise<void> {
  if (isTemplate(guest)) throw failed("you can't start a vm if it's a template");
  wakeFromDisk(state, guest);
  const lock = lockOf(guest);
  if (lock !== undefined) throw failed(`VM is locked (${lock})`);
  if (guest.power.kind === "running") throw failed(`VM ${guest.vmid} already running`);
  applyPending(guest);
  const files = cloudInitFiles(state, guest);
  if (files !== null) job.log("generating cloud-init ISO");
  const media = openMedia(state, guest, files);
  await job.pass(state.spec.durations.start);
  refuseHardware(state, guest, job);
  switchOn(state, guest, {
    kind: "running",
    pid: 1000 + state.chance.below(30_000),
    since: state.time.now(),
    media,
    off: new AbortController(),
    paused: false,
    system: null,
  });
}

/** A machine of the world file: it runs already, and is switched on as soon as time passes. */
export function resumeForeign(state: PveState, guest: Guest): void {
  const { power } = guest;
  if (power.kind !== "running") return;
  const media = openMedia(state, guest, cloudInitFiles(state, guest));
  for (const [slot, medium] of media) power.media.set(slot, medium);
  state.time.after(0, () => {
    if (guest.power === power) switchOn(state, guest, power);
  });
}

/** What a start does with the memory of a suspended machine. */
function wakeFromDisk(state: PveState, guest: Guest): void {
  if (lockOf(guest) !== "suspended") return;
  state.volumes.delete(String(guest.config.get("vmstate") ?? ""));
  guest.config.delete("vmstate");
  guest.config.delete("lock");
}

function switchOn(state: PveState, guest: Guest, power: On): void {
  guest.power = power;
  state.statd.changed(guest.vmid);
  power.system = state.boot({
    vmid: guest.vmid,
    image: guest.image,
    config: guest.config,
    install: (image) => {
      guest.image = image;
    },
    media: () => mediaOf(power),
    powerOff: () => switchOff(state, guest, power),
    off: power.off.signal,
  });
}

/** Without effect for a machine that went off meanwhile. */
export function switchOff(state: PveState, guest: Guest, power: Power): void {
  if (power.kind !== "running" || guest.power !== power) return;
  guest.power = { kind: "stopped" };
  applyPending(guest);
  state.statd.changed(guest.vmid);
  power.off.abort();
}

function openMedia(state: PveState, guest: Guest, files: ReadonlyMap<string, string> | null): Map<string, OpenMedium> {
  const media = new Map<string, OpenMedium>();
  for (const [slot, drive] of drivesOf(guest.config)) {
    if (drive.volume === "none" || !drive.volume.includes(":")) continue;
    needStorage(state, drive.volume.slice(0, drive.volume.indexOf(":")));
    if (isCloudInit(drive)) {
      if (files !== null) media.set(slot, { kind: "cloudinit", files });
      continue;
    }
    const volume = state.volumes.get(ownVolume(drive.volume));
    if (volume === undefined) throw failed(`volume '${drive.volume}' does not exist`);
    if (isCdrom(drive)) media.set(slot, { kind: "volume", volume });
  }
  return media;
}

function refuseHardware(state: PveState, guest: Guest, job: Job): void {
  for (const [name, value] of guest.config) {
    const bridge = /^net\d+$/.test(name) ? /\bbridge=([^,]+)/.exec(String(value))?.[1] : undefined;
    if (bridge === undefined || state.spec.bridges.includes(bridge)) continue;
    const missing = `bridge '${bridge}' does not exist`;
    job.log(missing);
    throw failed(isNine(state) ? missing : "start failed: QEMU exited with code 1");
  }
  const node = state.spec.nodes.find((n) => n.name === guest.node);
  if (node !== undefined && memoryOf(guest) > node.memoryGiB * 1024 ** 3) {
    job.log("kvm: cannot set up guest memory 'pc.ram': Cannot allocate memory");
    throw failed("start failed: QEMU exited with code 1");
  }
}

function mediaOf(power: On): ReadonlyMap<string, Medium> {
  const media = new Map<string, Medium>();
  for (const [slot, medium] of power.media) {
    if (!slot.startsWith("ide")) continue;
    media.set(
      slot,
      medium.kind === "cloudinit"
        ? { kind: "cloudinit", files: medium.files }
        : { kind: "image", bytes: medium.volume.bytes },
    );
  }
  return media;
}
