import { type Entry, type Extent, folder, PARENT, SELF } from "./directory-record.ts";
import { ascii, SECTOR, sectorsFor, ucs2 } from "./iso9660.ts";
import { fileFields, parentFields, rootFields } from "./rock-ridge.ts";
import { jolietDescriptor, pathTables, primaryDescriptor, terminator } from "./volume-descriptor.ts";

export interface SeedFiles {
  readonly userData: string;
  readonly metaData: string;
  readonly networkConfig?: string;
}

/**
 * A NoCloud seed: an ISO 9660 image with the names that cloud-init looks for in Rock Ridge and in Joliet.
 * The same files always give the same bytes.
 */
export function seedImage(files: SeedFiles): Uint8Array {
  const { placed, sectors } = place(files);
  const image = new Uint8Array(sectors * SECTOR);
  const put = (sector: number, bytes: Uint8Array): void => image.set(bytes, sector * SECTOR);

  put(at.primary, primaryDescriptor({ label, sectors, root: root(at.root), pathTables: at.pathTables }));
  put(at.joliet, jolietDescriptor({ label, sectors, root: root(at.jolietRoot), pathTables: at.jolietPathTables }));
  put(at.terminator, terminator());
  put(at.pathTables.low, pathTables(root(at.root)).low);
  put(at.pathTables.high, pathTables(root(at.root)).high);
  put(at.jolietPathTables.low, pathTables(root(at.jolietRoot)).low);
  put(at.jolietPathTables.high, pathTables(root(at.jolietRoot)).high);
  put(at.root, folder([...rockRidgeRoot, ...placed.map(rockRidgeEntry)]));
  put(at.jolietRoot, folder([...jolietRoot, ...placed.map(jolietEntry)]));
  for (const file of placed) put(file.extent.sector, file.content);
  return image;
}

/** What is uploaded over a seed whose guest has read it. Any real seed is larger, so that the size tells them apart. */
export const blankSize = 16 * SECTOR;
export const blankSeed: Uint8Array = new Uint8Array(blankSize);

/** cloud-init looks for this label, and blkid reports it as it is written. */
const label = "cidata";

/** The first sixteen sectors belong to whoever boots from a disc, and stay empty. */
const at = {
  primary: 16,
  joliet: 17,
  terminator: 18,
  pathTables: { low: 19, high: 20 },
  jolietPathTables: { low: 21, high: 22 },
  root: 23,
  jolietRoot: 24,
  files: 25,
} as const;

const root = (sector: number): Extent => ({ sector, size: SECTOR });

const rockRidgeRoot: readonly Entry[] = [
  { kind: "folder", identifier: SELF, extent: root(at.root), systemUse: rootFields() },
  { kind: "folder", identifier: PARENT, extent: root(at.root), systemUse: parentFields() },
];

const jolietRoot: readonly Entry[] = [
  { kind: "folder", identifier: SELF, extent: root(at.jolietRoot) },
  { kind: "folder", identifier: PARENT, extent: root(at.jolietRoot) },
];

interface PlacedFile {
  readonly name: string;
  /** Eight letters and three, with a version: all that level 1 allows. */
  readonly plainName: string;
  readonly content: Uint8Array;
  readonly extent: Extent;
}

const rockRidgeEntry = ({ name, plainName, extent }: PlacedFile): Entry => ({
  kind: "file",
  identifier: ascii(plainName),
  extent,
  systemUse: fileFields(name),
});

const jolietEntry = ({ name, extent }: PlacedFile): Entry => ({ kind: "file", identifier: ucs2(name), extent });

/** In the order of their names, which both folders must keep. */
function place(files: SeedFiles): { readonly placed: readonly PlacedFile[]; readonly sectors: number } {
  const named = [
    { name: "meta-data", plainName: "META_DAT.;1", text: files.metaData },
    { name: "network-config", plainName: "NETWORK_.;1", text: files.networkConfig },
    { name: "user-data", plainName: "USER_DAT.;1", text: files.userData },
  ];
  const placed: PlacedFile[] = [];
  let sector: number = at.files;
  for (const { name, plainName, text } of named) {
    if (text === undefined) continue;
    const content = new TextEncoder().encode(text);
    placed.push({ name, plainName, content, extent: { sector, size: content.length } });
    sector += sectorsFor(content.length);
  }
  return { placed, sectors: sector };
}
