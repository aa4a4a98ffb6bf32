import type { Ms } from "../../domain/time.ts";
import { baseVolume, freeDiskName, makeCloudInit, makeVolume, ownVolume, removeDisks } from "./disks.ts";
import { type Drive, drivesOf, isCloudInit, isDisk, spellDrive, splitVolume } from "./drives.ts";
import { type Config, type Guest, nameOf } from "./guest.ts";
import { failed, lockTimeout } from "./refusal.ts";
import { isNine, newMac, newUuid, type PveState } from "./state.ts";
import { Interrupted, type Job } from "./tasks.ts";

export interface CloneWish {
  readonly source: Guest;
  readonly newid: number;
  readonly node: string;
  readonly name: string | undefined;
  readonly description: string | undefined;
  readonly pool: string | null;
  readonly full: boolean;
  readonly bwlimit: number;
  /** Null: where the source's disks lie. */
  readonly storage: string | null;
}

/** Before this, nothing shows that a clone is under way; then a bare file, then the name, the rest at the end. */
const unseen: Ms = 90;
const bare: Ms = 90;

export async function cloneGuest(state: PveState, wish: CloneWish, job: Job): Promise<void> {
  const { source, newid } = wish;
  const total = wish.full ? fullCloneTime(state, wish) : state.spec.durations.clone;
  const hidden = Math.min(unseen, total / 4);
  const early = Math.min(bare, total / 4);
  const releaseSource = await state.locks.shared(source.vmid);
  if (releaseSource === null) throw lockTimeout(source.vmid);
  try {
    tellStart(state, wish, job);
    await job.pass(hidden);
    if (state.guests.has(newid)) throw failed(`unable to create VM ${newid}: config file already exists`);
    const guest = bareGuest(wish);
    state.guests.set(newid, guest);
    const releaseTarget = await state.locks.exclusive(newid);
    try {
      state.statd.changed(newid);
      await job.pass(early);
      describeClone(state, wish, guest);
      await job.pass(total - hidden - early);
      finishClone(state, wish, guest);
    } catch (error) {
      removeDisks(state, guest);
      state.guests.delete(newid);
      state.statd.forget(newid);
      throw error instanceof Interrupted ? failed(`clone failed: copy failed: ${error.message}`) : error;
    } finally {
      releaseTarget?.();
    }
  } finally {
    releaseSource();
  }
}

/** A limit of bandwidth is in KiB a second; 0 is none. */
function fullCloneTime(state: PveState, { source, bwlimit }: CloneWish): Ms {
  if (bwlimit === 0) return state.spec.durations.fullClone;
  let bytes = 0;
  for (const [, drive] of drivesOf(source.config)) {
    if (isDisk(drive)) bytes += state.volumes.get(ownVolume(drive.volume))?.size ?? 0;
  }
  return Math.max(state.spec.durations.fullClone, (bytes / (bwlimit * 1024)) * 1000);
}

const bareGuest = (wish: CloneWish): Guest => ({
  vmid: wish.newid,
  node: wish.node,
  origin: "cloned",
  image: wish.source.image,
  config: new Map<string, string | number>([
    ["lock", "clone"],
    ["description", " qmclone temporary file"],
  ]),
  pending: new Map(),
  snapshots: new Map(),
  resourcePool: null,
  power: { kind: "stopped" },
});

/** All but the disks: name and description are there while the copying goes on. */
function describeClone(state: PveState, wish: CloneWish, guest: Guest): void {
  const config: Config = new Map([["lock", "clone"]]);
  for (const [name, value] of wish.source.config) {
    if (["lock", "template", "parent"].includes(name) || name.startsWith("unused")) continue;
    if (drivesOf(new Map([[name, value]])).some(([, drive]) => isDisk(drive))) continue;
    config.set(name, /^net\d+$/.test(name) ? freshMac(state, String(value)) : value);
  }
  config.set("vmgenid", newUuid(state));
  if (config.has("smbios1")) {
    config.set("smbios1", String(config.get("smbios1")).replace(/uuid=[^,]+/, `uuid=${newUuid(state)}`));
  }
  config.set("name", wish.name ?? `Copy-of-VM-${nameOf(wish.source) ?? wish.source.vmid}`);
  if (wish.description !== undefined) {
    const text = wish.description.trimEnd();
    if (text === "") config.delete("description");
    else config.set("description", text);
  }
  for (const [slot, drive] of drivesOf(config)) {
    const storage = isCloudInit(drive) ? splitVolume(drive.volume)?.storage : undefined;
    if (storage !== undefined) config.set(slot, makeCloudInit(state, wish.storage ?? storage, wish.newid, "made"));
  }
  guest.config = config;
}

/** What is said at once; the disks follow when they are made. */
function tellStart(state: PveState, { source, newid, full }: CloneWish, job: Job): void {
  if (isNine(state)) job.log(`creating a clone of VM ${source.vmid} with ID ${newid}`);
  for (const [slot, drive] of drivesOf(source.config)) {
    if (isCloudInit(drive)) job.log(`create full clone of drive ${slot} (${drive.volume})`);
    if (isDisk(drive)) job.log(`create ${full ? "full" : "linked"} clone of drive ${slot} (${drive.volume})`);
  }
}

function finishClone(state: PveState, wish: CloneWish, guest: Guest): void {
  for (const [slot, drive] of drivesOf(wish.source.config)) {
    if (!isDisk(drive)) continue;
    guest.config.set(slot, copyDisk(state, wish, drive));
  }
  guest.config.delete("lock");
  guest.resourcePool = wish.pool;
  copyMarker(state, guest);
}

function copyDisk(state: PveState, wish: CloneWish, drive: Drive): string {
  const parts = splitVolume(drive.volume);
  const storage = wish.storage ?? parts?.storage ?? "";
  // A copy keeps the format; what only differs from its base cannot be raw.
  const format = wish.full && drive.volume.endsWith(".raw") ? "raw" : "qcow2";
  const name = freeDiskName(state, storage, wish.newid, format);
  const size = state.volumes.get(ownVolume(drive.volume))?.size ?? 0;
  const own = makeVolume(state, { storage, name, size, content: "images", owner: wish.newid, origin: "made" });
  return spellDrive({ ...drive, volume: wish.full ? own : `${drive.volume}/${name}` });
}

const freshMac = (state: PveState, net: string): string =>
  net.replace(/([0-9A-F]{2}(:[0-9A-F]{2}){5})/i, newMac(state));

/** Somebody copies our name and description onto guests of their own: the emulator's doing, not a call. */
function copyMarker(state: PveState, guest: Guest): void {
  if (state.markerCopied || !guest.config.has("description")) return;
  state.markerCopied = true;
  for (const vmid of state.spec.copyMarkerTo) {
    const foreign = state.guests.get(vmid);
    if (foreign === undefined) continue;
    for (const option of ["name", "description"]) {
      const value = guest.config.get(option);
      if (value !== undefined) foreign.config.set(option, value);
    }
    state.statd.changed(vmid);
  }
}

/** A template's disk that some linked clone still reads. */
export function diskInUse(state: PveState, guest: Guest): string | null {
  const disks = drivesOf(guest.config)
    .map(([, drive]) => drive.volume)
    .filter((volume) => volume.includes("/base-"));
  if (disks.length === 0) return null;
  for (const other of state.guests.values()) {
    if (other === guest) continue;
    for (const [, drive] of drivesOf(other.config)) {
      const base = baseVolume(drive.volume);
      if (base !== null && disks.includes(base)) return base;
    }
  }
  return null;
}
