import { gzipSync } from "node:zlib";
import { Secret } from "../domain/secret.ts";
import type { InsideFile } from "./shell.ts";

/**
 * The same `.tar.gz` with more files in front: gzip data may stand behind other gzip data, and PVE unpacks with
 * `--skip-old-files`, so that the first of two wins.
 */
export function prepended(archive: Uint8Array, files: readonly InsideFile[]): Uint8Array {
  const entries = files.flatMap((file) => entryOf(file));
  return Buffer.concat([gzipSync(Buffer.concat(entries)), archive]);
}

const block = 512;

/** As POSIX describes it, and without the two empty blocks at the end. */
function entryOf({ path, content, mode: wanted, owner }: InsideFile): readonly Uint8Array[] {
  // The archive's accounts have numbers that are not known here. The folder that such a file lies in shuts others out.
  const mode = owner === "root:root" ? wanted : wanted.replace(/.$/, "4");
  const bytes = content instanceof Secret ? Buffer.from(content.reveal()) : Buffer.from(content);
  const head = Buffer.alloc(block);
  const octal = (value: number, at: number, width: number): void => {
    head.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1");
  };
  head.write(`.${path}`, 0, 100, "latin1");
  octal(Number.parseInt(mode, 8), 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(bytes.length, 124, 12);
  octal(0, 136, 12);
  head.write("        ", 148, "latin1");
  head.write("0", 156, "latin1");
  head.write("ustar\0", 257, "latin1");
  head.write("00", 263, "latin1");
  head.write("root", 265, "latin1");
  head.write("root", 297, "latin1");
  const sum = head.reduce((total, byte) => total + byte, 0);
  head.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return [head, bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
}
