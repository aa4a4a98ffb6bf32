import { ascii, both16, both32, join, SECTOR } from "./iso9660.ts";

/** Where a file or folder lies: whole sectors in one piece. */
export interface Extent {
  readonly sector: number;
  /** In bytes. */
  readonly size: number;
}

export interface Entry {
  readonly kind: "folder" | "file";
  readonly identifier: Uint8Array;
  readonly extent: Extent;
  /** Rock Ridge's fields, where the volume has them. */
  readonly systemUse?: Uint8Array;
}

/** A folder's own name, and its parent's, are single bytes. */
export const SELF = Uint8Array.of(0);
export const PARENT = Uint8Array.of(1);

/** Years since 1900, month, day, hour, minute, second, zone: fixed, so that equal content gives equal bytes. */
const recorded = Uint8Array.of(100, 1, 1, 0, 0, 0, 0);
const FOLDER_FLAG = 2;

export function directoryRecord({ kind, identifier, extent, systemUse = ascii("") }: Entry): Uint8Array {
  const body = join(
    both32(extent.sector),
    both32(extent.size),
    recorded,
    Uint8Array.of(kind === "folder" ? FOLDER_FLAG : 0, 0, 0),
    both16(1),
    Uint8Array.of(identifier.length),
    identifier,
    // The identifier field ends on an even offset, and so does the record.
    new Uint8Array(1 - (identifier.length % 2)),
    systemUse,
    new Uint8Array(systemUse.length % 2),
  );
  return join(Uint8Array.of(body.length + 2, 0), body);
}

/** A folder's records fill one sector here: a seed has at most three files with short names. */
export function folder(entries: readonly Entry[]): Uint8Array {
  const sector = new Uint8Array(SECTOR);
  sector.set(join(...entries.map(directoryRecord)));
  return sector;
}
