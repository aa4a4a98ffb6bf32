import { asStorageName, type StorageName } from "../domain/ids.ts";
import { cloudInitSlot } from "../proxmox/drives.ts";
import { bareValueOf, parseProperties, propertyOf } from "../proxmox/property-string.ts";
import { distinct, type Sight } from "./examined.ts";

type Values = Readonly<Record<string, string>>;

const driveName = /^(?:(?:ide|sata|scsi|virtio)\d+|efidisk0|tpmstate0)$/;

/** The volumes of the template's disks, its cloud-init drive not among them. */
export function diskVolumes(values: Values): readonly string[] {
  const cloudInit = cloudInitSlot(values);
  return Object.entries(values).flatMap(([slot, value]) => {
    if (!driveName.test(slot) || slot === cloudInit) return [];
    const properties = parseProperties(value);
    const volume = bareValueOf(properties) ?? propertyOf(properties, "file");
    return volume === null || propertyOf(properties, "media") === "cdrom" ? [] : [volume];
  });
}

/** Where a clone's disks come to lie: beside the template's, or where full clones are told to. */
export function diskStorages({ pool, values }: Sight): readonly StorageName[] {
  const { clone } = pool.guest;
  if (clone.kind === "full" && clone.storage !== null) return [clone.storage];
  if (values === null) return [];
  const slot = cloudInitSlot(values);
  const cloudInit = slot === null ? [] : [bareValueOf(parseProperties(values[slot] ?? "")) ?? ""];
  const volumes = [...diskVolumes(values), ...cloudInit];
  return distinct(volumes.flatMap((volume) => (volume.includes(":") ? [volume.split(":", 1)[0] ?? ""] : []))).map(
    asStorageName,
  );
}

/** The networks that a clone has: the template's, and the one that is configured. */
export function bridgesOf({
  pool,
  values,
}: Sight): readonly { readonly bridge: string; readonly tag: string | null }[] {
  const { network } = pool.guest.hardware;
  const inherited = Object.entries(values ?? {}).flatMap(([key, value]) => (/^net\d+$/.test(key) ? [value] : []));
  const found = [...inherited, ...(network === null ? [] : [network])].flatMap((text) => {
    const properties = parseProperties(text);
    const bridge = propertyOf(properties, "bridge");
    return bridge === null ? [] : [{ bridge, tag: propertyOf(properties, "tag") }];
  });
  return [...new Map(found.map((one) => [`${one.bridge} ${one.tag}`, one])).values()];
}

/** Whether the boot order names a disk that is there. Without an order PVE takes the first disk. */
export function bootsFromDisk(values: Values): boolean {
  const order = /order=([^,]*)/.exec(values.boot ?? "")?.[1];
  const isDisk = (slot: string): boolean => {
    const value = values[slot];
    return value !== undefined && /^(?:ide|sata|scsi|virtio)\d+$/.test(slot) && !value.includes("media=cdrom");
  };
  const slots = order === undefined ? Object.keys(values) : order.split(";");
  return slots.some(isDisk);
}

/** `agent` is a property string whose first value, bare or called `enabled`, switches it. */
export function agentEnabled(values: Values): boolean {
  const properties = parseProperties(values.agent ?? "");
  return /^(1|on|yes|true)$/i.test(bareValueOf(properties) ?? propertyOf(properties, "enabled") ?? "0");
}

/** Options that only root may give a guest: a token's clones would carry what the token may not set. */
export const rootOnlyOptions = (values: Values): readonly string[] =>
  Object.keys(values)
    .filter((key) => key === "hookscript" || key === "args" || isUnmapped(key, values[key] ?? ""))
    .sort();

const isUnmapped = (key: string, value: string): boolean =>
  /^hostpci\d+$/.test(key) && propertyOf(parseProperties(value), "mapping") === null;
