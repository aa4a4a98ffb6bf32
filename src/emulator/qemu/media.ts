import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Medium } from "../machine.ts";

/** The images in a machine's CD drives, as files that QEMU holds open. */
export interface Trays {
  /** The file in a slot's drive; null where it is empty. */
  in(slot: string): string | null;
  /** Makes the files what the media are now. Returns the slots whose drive must be told: another file, or none. */
  follow(media: ReadonlyMap<string, Medium>): readonly string[];
}

export function createTrays(folder: string): Trays {
  mkdirSync(folder, { recursive: true });
  const files = new Map<string, { readonly path: string; source: unknown }>();
  let count = 0;

  function insert(slot: string, medium: Medium): void {
    count += 1;
    const path = join(folder, `${slot}-${count}.iso`);
    writeFileSync(path, medium.kind === "image" ? medium.bytes : imageOf(medium.files, folder));
    files.set(slot, { path, source: sourceOf(medium) });
  }

  return {
    in: (slot) => files.get(slot)?.path ?? null,

    follow(media) {
      const changed: string[] = [];
      for (const [slot, { path }] of [...files]) {
        if (media.has(slot)) continue;
        files.delete(slot);
        rmSync(path, { force: true });
        changed.push(slot);
      }
      for (const [slot, medium] of media) {
        const now = files.get(slot);
        if (now === undefined) {
          insert(slot, medium);
          changed.push(slot);
        } else if (now.source !== sourceOf(medium)) {
          // An upload of the same name is written over the file that the machine has open.
          now.source = sourceOf(medium);
          writeFileSync(now.path, medium.kind === "image" ? medium.bytes : imageOf(medium.files, folder), {
            flag: "r+",
          });
        }
      }
      return changed;
    },
  };
}

const sourceOf = (medium: Medium): unknown => (medium.kind === "image" ? medium.bytes : medium.files);

/** PVE's own cloud-init drive, made by the program that PVE makes it with. */
function imageOf(contents: ReadonlyMap<string, string>, folder: string): Uint8Array {
  const source = mkdtempSync(join(folder, "cloudinit-"));
  for (const [name, text] of contents) writeFileSync(join(source, name), text);
  const image = execFileSync("genisoimage", ["-quiet", "-iso-level", "3", "-R", "-V", "cidata", source], {
    stdio: "pipe",
    maxBuffer: 64 * 1024 * 1024,
  });
  rmSync(source, { recursive: true });
  return image;
}
