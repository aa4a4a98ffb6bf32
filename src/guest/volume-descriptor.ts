import { directoryRecord, type Extent, SELF } from "./directory-record.ts";
import { ascii, be16, be32, both16, both32, join, le16, le32, type Script, SECTOR, ucs2 } from "./iso9660.ts";

export interface Volume {
  readonly label: string;
  /** Of the whole image. */
  readonly sectors: number;
  readonly root: Extent;
  /** The sectors of the path tables, low byte first and high byte first. */
  readonly pathTables: { readonly low: number; readonly high: number };
}

export const primaryDescriptor = (volume: Volume): Uint8Array => descriptor(PRIMARY, ascii, ascii(""), volume);

/** Joliet names its script by an escape sequence: UCS-2, level 3. */
export const jolietDescriptor = (volume: Volume): Uint8Array => descriptor(SUPPLEMENTARY, ucs2, ascii("%/E"), volume);

export const terminator = (): Uint8Array => join(heading(TERMINATOR), new Uint8Array(SECTOR - 7));

/** Names one folder, the root: a seed has no other. */
export const pathTables = (root: Extent): { readonly low: Uint8Array; readonly high: Uint8Array } => ({
  low: join(Uint8Array.of(1, 0), le32(root.sector), le16(1), SELF, Uint8Array.of(0)),
  high: join(Uint8Array.of(1, 0), be32(root.sector), be16(1), SELF, Uint8Array.of(0)),
});

const PRIMARY = 1;
const SUPPLEMENTARY = 2;
const TERMINATOR = 255;
const PATH_TABLE_SIZE = 10;

const heading = (type: number): Uint8Array => join(Uint8Array.of(type), ascii("CD001"), Uint8Array.of(1));

function descriptor(type: number, script: Script, announced: Uint8Array, volume: Volume): Uint8Array {
  const parts = join(
    heading(type),
    new Uint8Array(1),
    text(script, "", 32),
    text(script, volume.label, 32),
    new Uint8Array(8),
    both32(volume.sectors),
    announced,
    new Uint8Array(32 - announced.length),
    both16(1),
    both16(1),
    both16(SECTOR),
    both32(PATH_TABLE_SIZE),
    le32(volume.pathTables.low),
    le32(0),
    be32(volume.pathTables.high),
    be32(0),
    directoryRecord({ kind: "folder", identifier: SELF, extent: volume.root }),
    // Volume set, publisher, preparer, application; then the files of copyright, abstract and bibliography.
    ...[128, 128, 128, 128, 37, 37, 37].map((length) => text(script, "", length)),
    moment("2000010100000000"),
    moment("2000010100000000"),
    moment("0000000000000000"),
    moment("0000000000000000"),
    Uint8Array.of(1),
  );
  return join(parts, new Uint8Array(SECTOR - parts.length));
}

/** Filled up with spaces. */
function text(script: Script, value: string, length: number): Uint8Array {
  const width = script(" ").length;
  const field = new Uint8Array(length);
  field.set(script(value.padEnd(Math.floor(length / width))));
  return field;
}

/** Digits from the year to hundredths of a second, and the zone; zeros mean "not given". Fixed, as in the records. */
const moment = (digits: string): Uint8Array => join(ascii(digits), Uint8Array.of(0));
