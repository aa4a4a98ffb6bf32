import type { GuestConfig } from "./client.ts";
import { type PropertyString, parseProperties } from "./property-string.ts";

export interface Device {
  /** The option that holds it: `net0`, `mp3`, `scsi1`. */
  readonly slot: string;
  readonly properties: PropertyString;
}

/** All network interfaces (`net`), mount points (`mp`) or drives of one bus (`scsi`), lowest number first. */
export function devicesOf({ values }: GuestConfig, kind: string): Device[] {
  return Object.entries(values)
    .filter(([slot]) => slot.startsWith(kind) && /^\d+$/.test(slot.slice(kind.length)))
    .sort(([a], [b]) => Number(a.slice(kind.length)) - Number(b.slice(kind.length)))
    .map(([slot, value]) => ({ slot, properties: parseProperties(value) }));
}
