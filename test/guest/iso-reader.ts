/** A reader that knows the standard and not our writer. */
const SECTOR = 2048;

export interface ReadVolume {
  readonly label: string;
  /** As the volume declares it. */
  readonly bytes: number;
  readonly files: ReadonlyMap<string, Buffer>;
}

export interface ReadImage {
  readonly rockRidge: ReadVolume;
  readonly joliet: ReadVolume;
  /** The protocol that the extra fields follow, as the root announces it. */
  readonly protocol: string;
  /** The bare ISO 9660 names. */
  readonly plainNames: readonly string[];
}

interface Record {
  readonly identifier: Buffer;
  readonly content: Buffer;
  readonly folder: boolean;
  readonly systemUse: Buffer;
}

export function readImage(bytes: Uint8Array): ReadImage {
  const image = Buffer.from(bytes);
  const primary = descriptor(image, 1);
  const joliet = descriptor(image, 2);
  const entries = rootOf(image, primary).filter((record) => !record.folder);
  const wide = rootOf(image, joliet).filter((record) => !record.folder);
  return {
    rockRidge: {
      label: primary.toString("latin1", 40, 72).trimEnd(),
      bytes: twice(primary, 80) * SECTOR,
      files: new Map(entries.map((record) => [rockRidgeName(record), record.content])),
    },
    joliet: {
      label: fromUcs2(joliet.subarray(40, 72)).trimEnd(),
      bytes: twice(joliet, 80) * SECTOR,
      files: new Map(wide.map((record) => [fromUcs2(record.identifier), record.content])),
    },
    protocol: protocolOf(rootOf(image, primary)[0]),
    plainNames: entries.map((record) => record.identifier.toString("latin1")),
  };
}

function descriptor(image: Buffer, type: number): Buffer {
  for (let sector = 16; ; sector++) {
    const block = image.subarray(sector * SECTOR, (sector + 1) * SECTOR);
    if (block.toString("latin1", 1, 6) !== "CD001") throw new Error(`sector ${sector} is no volume descriptor`);
    if (block[0] === type) return block;
    if (block[0] === 255) throw new Error(`there is no volume descriptor of type ${type}`);
  }
}

function rootOf(image: Buffer, volume: Buffer): Record[] {
  const self = recordAt(image, volume, 156);
  const records: Record[] = [];
  for (let at = 0; at < self.content.length; at += self.content[at] ?? 0) {
    if (self.content[at] === 0) break;
    records.push(recordAt(image, self.content, at));
  }
  return records;
}

function recordAt(image: Buffer, block: Buffer, at: number): Record {
  const length = block.readUInt8(at);
  if (length % 2 !== 0) throw new Error("a directory record has an odd length");
  const record = block.subarray(at, at + length);
  const nameLength = record.readUInt8(32);
  const start = twice(record, 2) * SECTOR;
  const content = image.subarray(start, start + twice(record, 10));
  if (content.length !== twice(record, 10)) throw new Error("an extent reaches beyond the image");
  return {
    identifier: record.subarray(33, 33 + nameLength),
    content,
    folder: (record.readUInt8(25) & 2) !== 0,
    systemUse: record.subarray(33 + nameLength + (nameLength % 2 === 0 ? 1 : 0)),
  };
}

const rockRidgeName = (record: Record): string => fieldOf(record, "NM").toString("latin1", 5);

function protocolOf(root: Record | undefined): string {
  if (root === undefined) throw new Error("the root folder is empty");
  const field = fieldOf(root, "ER");
  return field.toString("latin1", 8, 8 + field.readUInt8(4));
}

function fieldOf({ systemUse }: Record, letters: string): Buffer {
  for (let at = 0; at + 4 <= systemUse.length; at += systemUse.readUInt8(at + 2)) {
    if (systemUse.toString("latin1", at, at + 2) === letters) {
      return systemUse.subarray(at, at + systemUse.readUInt8(at + 2));
    }
  }
  throw new Error(`a record has no Rock Ridge field ${letters}`);
}

/** A number that stands there in both byte orders, which must agree. */
function twice(block: Buffer, at: number): number {
  const low = block.readUInt32LE(at);
  if (low !== block.readUInt32BE(at + 4)) throw new Error(`the two byte orders at ${at} disagree`);
  return low;
}

const fromUcs2 = (bytes: Buffer): string => Buffer.from(bytes).swap16().toString("utf16le");
