import { Buffer } from "node:buffer";

const sector = 2_048;

/** Which names an image carries beside the plain ones. */
export type Names = "rock ridge" | "joliet" | "plain";

/** A small ISO 9660 image with files in its root. */
export function isoOf(label: string, files: Readonly<Record<string, string>>, names: Names = "rock ridge"): Uint8Array {
  const entries = Object.entries(files).map(([name, text]) => ({ name, bytes: Buffer.from(text) }));
  const [root, wideRoot, first] = [19, 20, 21];
  let next = first;
  const placed = entries.map((entry) => {
    const at = next;
    next += Math.max(1, Math.ceil(entry.bytes.length / sector));
    return { ...entry, at };
  });
  const image = Buffer.alloc(next * sector);
  descriptor(1, label, root).copy(image, 16 * sector);
  if (names === "joliet") descriptor(2, label, wideRoot).copy(image, 17 * sector);
  Buffer.from("\u00ffCD001\u0001", "latin1").copy(image, 18 * sector);
  const plain = placed.map((file) => {
    const name = Buffer.from(
      `${names === "plain" ? file.name.toUpperCase() : file.name.toUpperCase().replace("-", "_")};1`,
    );
    return record(name, file.at, file.bytes.length, names === "rock ridge" ? nameField(file.name) : Buffer.alloc(0));
  });
  const wide = placed.map((file) => record(Buffer.from(file.name, "utf16le").swap16(), file.at, file.bytes.length));
  folder(root, plain).copy(image, root * sector);
  folder(wideRoot, wide).copy(image, wideRoot * sector);
  for (const file of placed) file.bytes.copy(image, file.at * sector);
  return image;
}

function descriptor(kind: number, label: string, root: number): Buffer {
  const bytes = Buffer.alloc(sector);
  bytes[0] = kind;
  bytes.write("CD001", 1, "latin1");
  if (kind === 2) bytes.write("%/E", 88, "latin1");
  bytes.write(label.padEnd(32), 40, "latin1");
  record(Buffer.from([0]), root, sector, Buffer.alloc(0), 2).copy(bytes, 156);
  return bytes;
}

function record(name: Buffer, at: number, size: number, more: Buffer = Buffer.alloc(0), flags = 0): Buffer {
  const head = 33 + name.length + (name.length % 2 === 0 ? 1 : 0);
  const bytes = Buffer.alloc(head + more.length + (more.length % 2));
  bytes[0] = bytes.length;
  bytes.writeUInt32LE(at, 2);
  bytes.writeUInt32LE(size, 10);
  bytes[25] = flags;
  bytes[32] = name.length;
  name.copy(bytes, 33);
  more.copy(bytes, head);
  return bytes;
}

const folder = (at: number, files: readonly Buffer[]): Buffer =>
  Buffer.concat([0, 1].map((id) => record(Buffer.from([id]), at, sector, Buffer.alloc(0), 2)).concat(files));

const nameField = (name: string): Buffer =>
  Buffer.concat([Buffer.from(["N".charCodeAt(0), "M".charCodeAt(0), 5 + name.length, 1, 0]), Buffer.from(name)]);
