import type { InstanceName, Vmid } from "../domain/ids.ts";
import type { GuestOs } from "../domain/observation.ts";

/** A guest's options as `GET config` gives them. */
type Values = Readonly<Record<string, string>>;

const drive = /^(?:ide|sata|scsi|virtio)\d+$/;
const volumeOf = (value: string): string => value.split(",", 1)[0] ?? "";

/** The slot of PVE's own cloud-init drive. */
export const cloudInitSlot = (values: Values): string | null =>
  slotWhere(values, (volume) => /(?:^|[:/-])cloudinit(?:\.\w+)?$/.test(volume));

/** The slot that holds this very volume. */
export const slotHolding = (values: Values, volume: string): string | null => slotWhere(values, (v) => v === volume);

/** Whether the guest still has a seed of ours: in a drive, or by `cicustom` while its cloud-init drive is there. */
export function seedSlot(values: Values, instance: InstanceName, vmid: Vmid): string | null {
  const iso = slotWhere(values, (volume) => volume.endsWith(`:iso/${instance}-${vmid}.iso`));
  if (iso !== null) return iso;
  return values.cicustom?.includes(`snippets/${instance}-${vmid}.`) ? cloudInitSlot(values) : null;
}

/** By what PVE is told for the guest's hardware: `win11`, `w2k8`, `wxp` and their like, or `l26`. */
export const osOf = ({ ostype = "" }: Values): GuestOs => (/^w/.test(ostype) ? "windows" : "linux");

/** The disk that the guest boots from: the first disk of the boot order, else the lowest one. */
export function bootDisk(values: Values): { readonly slot: string; readonly sizeGiB: number | null } | null {
  const ordered = (values.boot ?? "").match(/order=([^,]*)/)?.[1]?.split(";") ?? [];
  const slot = [...ordered, "scsi0", "virtio0", "sata0", "ide0"].find(
    (name) => drive.test(name) && isDisk(values[name]),
  );
  return slot === undefined ? null : { slot, sizeGiB: sizeInGiB(values[slot] ?? "") };
}

const isDisk = (value: string | undefined): boolean => value !== undefined && !value.includes("media=cdrom");

function sizeInGiB(value: string): number | null {
  const match = value.match(/size=(\d+(?:\.\d+)?)([KMGT])/);
  if (match === null) return null;
  const factor = { K: 1 / 1024 / 1024, M: 1 / 1024, G: 1, T: 1024 }[match[2] ?? ""];
  return factor === undefined ? null : Number(match[1]) * factor;
}

function slotWhere(values: Values, holds: (volume: string) => boolean): string | null {
  return Object.keys(values).find((key) => drive.test(key) && holds(volumeOf(values[key] ?? ""))) ?? null;
}
