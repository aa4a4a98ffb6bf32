import { cloudImage } from "../customising.ts";
import type { Change } from "./change.ts";
import { cloudInitWish, freeDiskName, makeCloudInit, makeVolume, ownVolume } from "./disks.ts";
import {
  bootOrder,
  type Drive,
  isCdrom,
  isCloudInit,
  isDisk,
  isDriveSlot,
  parseDrive,
  spellDrive,
  splitVolume,
  withOption,
} from "./drives.ts";
import { tagsIn } from "./formats.ts";
import { type ConfigValue, type Guest, isProtected, isRunning } from "./guest.ts";
import { isLive } from "./options.ts";
import { failed } from "./refusal.ts";
import { needStorage, newMac, type PveState } from "./state.ts";
import { spellSize } from "./volumes.ts";

const GiB = 1024 ** 3;

/** Does what the change says, or throws and has changed nothing. */
export function applyChange(state: PveState, guest: Guest, change: Change): void {
  for (const name of change.remove) refuseRemoval(guest, name);
  const wished = [...change.set].map(([name, value]) => [name, normalised(state, guest, name, value)] as const);
  for (const name of change.revert) guest.pending.delete(name);
  for (const name of change.remove) removeOption(state, guest, name);
  for (const [name, value] of wished) {
    if (value === "") removeOption(state, guest, name);
    else setOption(state, guest, name, value);
  }
  if (change.set.has("name")) state.statd.changed(guest.vmid);
}

function refuseRemoval(guest: Guest, name: string): void {
  const value = guest.config.get(name);
  if (value === undefined || !isDriveSlot(name) || !isProtected(guest)) return;
  if (isDisk(parseDrive(String(value)))) throw failed(`can't remove drive '${name}' - protection mode enabled`);
}

/** As PVE writes it into the configuration; empty when that means to remove it. */
function normalised(state: PveState, guest: Guest, name: string, value: ConfigValue): ConfigValue {
  if (name === "description") return String(value).trimEnd();
  if (name === "tags") return tagsIn(String(value)).join(";");
  if (name === "cipassword") return "**********";
  if (/^net\d+$/.test(name)) return withMac(state, String(value));
  if (isDriveSlot(name)) return normalisedDrive(state, guest, String(value));
  return value;
}

function withMac(state: PveState, value: string): string {
  const [model = "", ...rest] = value.split(",");
  return model.includes("=") ? value : [`${model}=${newMac(state)}`, ...rest].join(",");
}

function normalisedDrive(state: PveState, guest: Guest, value: string): string {
  const wish = cloudInitWish(value);
  if (wish !== null) {
    needStorage(state, wish);
    return makeCloudInit(state, wish, guest.vmid, "made");
  }
  const drive = parseDrive(value);
  const parts = splitVolume(drive.volume);
  if (parts === null) return spellDrive(drive);
  needStorage(state, parts.storage);
  const imported = drive.options.get("import-from");
  if (imported !== undefined) {
    const from = state.volumes.get(imported);
    if (from === undefined) throw failed(`volume '${imported}' does not exist`);
    guest.image = cloudImage;
    return newDisk(state, guest, drive, parts.storage, from.size);
  }
  const gibibytes = /^\d+(\.\d+)?$/.test(parts.name) ? Number(parts.name) : null;
  if (gibibytes !== null) return newDisk(state, guest, drive, parts.storage, gibibytes * GiB);
  const volume = state.volumes.get(ownVolume(drive.volume));
  if (volume === undefined) throw failed(`volume '${drive.volume}' does not exist`);
  return spellDrive(withOption(drive, "size", spellSize(volume.size)));
}

function newDisk(state: PveState, guest: Guest, drive: Drive, storage: string, size: number): string {
  const name = freeDiskName(state, storage, guest.vmid);
  const volume = makeVolume(state, { storage, name, size, content: "images", owner: guest.vmid, origin: "made" });
  const options = [...drive.options].filter(([option]) => option !== "format" && option !== "import-from");
  return spellDrive(withOption({ volume, options: new Map(options) }, "size", spellSize(size)));
}

function setOption(state: PveState, guest: Guest, name: string, value: ConfigValue): void {
  if (isRunning(guest) && !isLive(name)) {
    if (guest.config.get(name) === value) guest.pending.delete(name);
    else guest.pending.set(name, value);
    return;
  }
  if (!isDriveSlot(name)) {
    guest.config.set(name, value);
    return;
  }
  releaseDrive(state, guest, name, String(value));
  guest.config.set(name, value);
  const drive = parseDrive(String(value));
  const order = isCdrom(drive) && !isCloudInit(drive) ? bootOrder(guest.config, { add: name }) : null;
  if (order !== null) guest.config.set("boot", order);
  loadMedium(state, guest, name, drive);
}

function removeOption(state: PveState, guest: Guest, name: string): void {
  guest.pending.delete(name);
  if (!guest.config.has(name)) return;
  if (isRunning(guest) && !isLive(name)) {
    guest.pending.set(name, null);
    return;
  }
  if (isDriveSlot(name)) {
    releaseDrive(state, guest, name, "");
    const order = bootOrder(guest.config, { remove: name });
    if (order !== null) guest.config.set("boot", order);
    if (guest.power.kind === "running") guest.power.media.delete(name);
  }
  guest.config.delete(name);
}

/** What stood in a slot: a cloud-init volume goes with it, a disk stays as unused. */
function releaseDrive(state: PveState, guest: Guest, slot: string, next: string): void {
  const now = guest.config.get(slot);
  if (now === undefined) return;
  const drive = parseDrive(String(now));
  if (drive.volume === parseDrive(next).volume) return;
  if (isCloudInit(drive)) state.volumes.delete(drive.volume);
  else if (isDisk(drive)) {
    for (let n = 0; ; n++) {
      if (guest.config.has(`unused${n}`)) continue;
      guest.config.set(`unused${n}`, drive.volume);
      return;
    }
  }
}

/** A CD is changed at once, also while the guest has it mounted. */
function loadMedium(state: PveState, guest: Guest, slot: string, drive: Drive): void {
  if (guest.power.kind !== "running") return;
  const volume = isCdrom(drive) ? state.volumes.get(drive.volume) : undefined;
  if (volume === undefined) guest.power.media.delete(slot);
  else guest.power.media.set(slot, { kind: "volume", volume });
}

/** What waited for the machine's next start. */
export function applyPending(guest: Guest): void {
  for (const [name, value] of guest.pending) {
    if (value === null) guest.config.delete(name);
    else guest.config.set(name, value);
  }
  guest.pending.clear();
}
