import { drivesOf, isCloudInit, isDisk, splitVolume } from "./drives.ts";
import type { Guest } from "./guest.ts";
import type { Content, PveSpec } from "./spec.ts";
import type { PveState } from "./state.ts";
import type { Volume } from "./volumes.ts";

const MiB = 1024 * 1024;

export interface NewVolume {
  readonly storage: string;
  readonly name: string;
  readonly size: number;
  readonly content: Content;
  readonly owner: number | null;
  readonly origin: Volume["origin"];
  readonly bare?: boolean;
}

/** Gives the volume's id. */
export function makeVolume(state: PveState, volume: NewVolume): string {
  const { name, ...rest } = volume;
  const id = `${volume.storage}:${name}`;
  state.volumes.set({ ...rest, id, bytes: new Uint8Array(), changedAt: state.time.now() });
  return id;
}

/** Makes the volume of PVE's own cloud-init drive and gives the drive's property string. */
export function makeCloudInit(state: PveState, storage: string, owner: number, origin: Volume["origin"]): string {
  const name = `${owner}/vm-${owner}-cloudinit.qcow2`;
  const id = makeVolume(state, { storage, name, size: 4 * MiB, content: "images", owner, origin });
  return `${id},media=cdrom,size=4M`;
}

/** `local:cloudinit` asks for such a drive. Null for any other value. */
export const cloudInitWish = (value: string): string | null => /^([^:,]+):cloudinit(,.*)?$/.exec(value)?.[1] ?? null;

export function freeDiskName(
  state: PveState,
  storage: string,
  vmid: number,
  format: "qcow2" | "raw" = "qcow2",
): string {
  for (let n = 0; ; n++) {
    const name = `${vmid}/vm-${vmid}-disk-${n}.${format}`;
    if (state.volumes.get(`${storage}:${name}`) === undefined) return name;
  }
}

/** A linked clone's disk is named `storage:base/own`: its own volume. */
export function ownVolume(volume: string): string {
  const parts = splitVolume(volume);
  if (parts === null) return volume;
  const own = /^\d+\/base-[^/]+\/(\d+\/.+)$/.exec(parts.name)?.[1];
  return own === undefined ? volume : `${parts.storage}:${own}`;
}

/** The template's disk under a linked clone's. */
export function baseVolume(volume: string): string | null {
  const match = /^([^:]+:\d+\/base-[^/]+)\/\d+\/.+$/.exec(volume);
  return match?.[1] ?? null;
}

/** Removes the volumes that belong to the guest. Media that it only read stay. */
export function removeDisks(state: PveState, guest: Guest): void {
  for (const [, drive] of drivesOf(guest.config)) {
    if (isDisk(drive) || isCloudInit(drive)) state.volumes.delete(ownVolume(drive.volume));
  }
}

export function imageStorage(spec: PveSpec): string {
  const storage = spec.storages.find(({ content }) => content.includes("images"));
  if (storage === undefined) throw new Error("no storage of the world holds images: give one the content images");
  return storage.name;
}
