import { Buffer } from "node:buffer";

export interface Volume {
  readonly label: string;
  /** The files in its root, by the names that Linux shows. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const sector = 2_048;
const descriptors = 16;

/** Reads an ISO 9660 image as Linux does: Rock Ridge names, else Joliet's, else plain ones. Null for anything else. */
export function readVolume(bytes: Uint8Array): Volume | null {
  const image = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return volumeIn(image);
  } catch (error) {
    // An image that ends too early.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function volumeIn(image: Buffer): Volume | null {
  let primary: Buffer | null = null;
  let joliet: Buffer | null = null;
  for (let at = descriptors * sector; at + sector <= image.length; at += sector) {
    const descriptor = image.subarray(at, at + sector);
    const kind = descriptor[0];
    if (descriptor.toString("latin1", 1, 6) !== "CD001" || kind === 255) break;
    if (kind === 1) primary ??= descriptor;
    if (kind === 2 && /^%\/[@CE]/.test(descriptor.toString("latin1", 88, 91))) joliet ??= descriptor;
  }
  if (primary === null) return null;
  const label = primary.toString("latin1", 40, 72).trimEnd();
  const plain = entriesOf(image, primary);
  if (joliet === null || plain.some((entry) => entry.rockRidge !== null)) {
    return { label, files: filesOf(image, plain, (entry) => entry.rockRidge ?? plainName(entry.name)) };
  }
  return { label, files: filesOf(image, entriesOf(image, joliet), (entry) => withoutVersion(wide(entry.name))) };
}

interface Entry {
  readonly name: Buffer;
  readonly rockRidge: string | null;
  readonly start: number;
  readonly size: number;
}

function entriesOf(image: Buffer, descriptor: Buffer): readonly Entry[] {
  const root = descriptor.subarray(156, 190);
  const start = root.readUInt32LE(2) * sector;
  const end = start + root.readUInt32LE(10);
  const skip = suspSkip(image, start);
  const found: Entry[] = [];
  let at = start;
  while (at < end) {
    const length = image.readUInt8(at);
    if (length === 0) {
      // No record crosses a sector: the rest of this one is empty.
      at = (Math.floor(at / sector) + 1) * sector;
      continue;
    }
    const record = image.subarray(at, at + length);
    at += length;
    const isFolder = (record.readUInt8(25) & 2) !== 0;
    if (isFolder) continue;
    const nameLength = record.readUInt8(32);
    const name = record.subarray(33, 33 + nameLength);
    const systemUse = record.subarray(33 + nameLength + (nameLength % 2 === 0 ? 1 : 0) + skip);
    const rockRidge = rockRidgeName(image, systemUse);
    found.push({ name, rockRidge, start: record.readUInt32LE(2) * sector, size: record.readUInt32LE(10) });
  }
  return found;
}

/** The root's own record says how many bytes precede each system use area. */
function suspSkip(image: Buffer, root: number): number {
  const own = image.subarray(root, root + image.readUInt8(root));
  const use = own.subarray(34);
  return use.toString("latin1", 0, 2) === "SP" ? use.readUInt8(6) : 0;
}

/** The name in `NM` fields, which may go on in another place. */
function rockRidgeName(image: Buffer, area: Buffer): string | null {
  let name: string | null = null;
  let next: Buffer | null = area;
  while (next !== null) {
    const here: Buffer = next;
    next = null;
    for (let at = 0; at + 4 <= here.length; ) {
      const length = here.readUInt8(at + 2);
      if (length < 4) break;
      const field = here.subarray(at, at + length);
      const kind = field.toString("latin1", 0, 2);
      if (kind === "NM") name = (name ?? "") + field.toString("utf8", 5);
      if (kind === "CE") {
        const from = field.readUInt32LE(4) * sector + field.readUInt32LE(12);
        next = image.subarray(from, from + field.readUInt32LE(20));
      }
      if (kind === "ST") break;
      at += length;
    }
  }
  return name;
}

function filesOf(image: Buffer, entries: readonly Entry[], nameOf: (entry: Entry) => string): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of entries) {
    if (entry.start + entry.size > image.length) throw new RangeError("file beyond the end of the image");
    files.set(nameOf(entry), image.subarray(entry.start, entry.start + entry.size));
  }
  return files;
}

const withoutVersion = (name: string): string => name.replace(/;\d+$/, "");
/** Linux shows plain names in lower case, without version and without a bare dot at the end. */
const plainName = (name: Buffer): string => withoutVersion(name.toString("latin1")).replace(/\.$/, "").toLowerCase();
const wide = (name: Buffer): string => Buffer.from(name).swap16().toString("utf16le");
