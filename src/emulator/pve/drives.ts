import type { Config } from "./guest.ts";

/** A drive's property string, for example `local:iso/x.iso,media=cdrom,size=368K`. */
export interface Drive {
  /** A volume, or `none`. */
  readonly volume: string;
  readonly options: ReadonlyMap<string, string>;
}

const slots = /^(ide[0-3]|sata[0-5]|scsi([0-9]|[12]\d|30)|virtio([0-9]|1[0-5]))$/;

export const isDriveSlot = (name: string): boolean => slots.test(name);

export function parseDrive(text: string): Drive {
  const [first = "", ...rest] = text.split(",");
  const options = new Map(rest.map((part) => [part.split("=", 1)[0] ?? "", part.slice(part.indexOf("=") + 1)]));
  return { volume: first.replace(/^file=/, ""), options };
}

export function drivesOf(config: Config): readonly (readonly [string, Drive])[] {
  const drives: (readonly [string, Drive])[] = [];
  for (const [name, value] of config) if (isDriveSlot(name)) drives.push([name, parseDrive(String(value))]);
  return drives;
}

export const isCdrom = (drive: Drive): boolean => drive.options.get("media") === "cdrom";
export const isCloudInit = (drive: Drive): boolean => /:(\d+\/)?(vm-\d+-)?cloudinit(\.\w+)?$/.test(drive.volume);
export const isDisk = (drive: Drive): boolean => !isCdrom(drive) && !isCloudInit(drive) && drive.volume !== "none";

/** `storage:name` in two; null for `none` and other words. */
export function splitVolume(volume: string): { readonly storage: string; readonly name: string } | null {
  const at = volume.indexOf(":");
  return at < 0 ? null : { storage: volume.slice(0, at), name: volume.slice(at + 1) };
}

export const spellDrive = (drive: Drive): string =>
  [drive.volume, ...[...drive.options].map(([name, value]) => `${name}=${value}`)].join(",");

export const withOption = (drive: Drive, name: string, value: string): Drive => ({
  ...drive,
  options: new Map(drive.options).set(name, value),
});

/** The boot order with a slot more or less. */
export function bootOrder(config: Config, change: { readonly add?: string; readonly remove?: string }): string | null {
  const boot = String(config.get("boot") ?? "");
  if (!boot.startsWith("order=")) return null;
  const now = boot.slice("order=".length).split(";");
  const kept = now.filter((slot) => slot !== change.remove && slot !== "");
  const order = change.add === undefined || kept.includes(change.add) ? kept : [...kept, change.add];
  return `order=${order.join(";")}`;
}

const numberedSlots = { ide: 4, scsi: 31, virtio: 16, sata: 6 } as const;
/** Every place for a disk, in PVE's order. */
export const diskSlots: readonly string[] = [
  ...Object.entries(numberedSlots).flatMap(([kind, count]) => Array.from({ length: count }, (_, n) => `${kind}${n}`)),
  ...["efidisk0", "tpmstate0"],
];
