import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";

/** The real files behind the emulated volumes that a machine of ours was started with. */
export interface Disks {
  /** The path of a volume's file, which is made when it is asked for first: over `base`, or empty. */
  file(volume: string, base: string | null, bytes: number): string;
  /** The volume is no more. */
  forget(volume: string): void;
}

export function createDisks(folder: string): Disks {
  mkdirSync(folder, { recursive: true });
  const pathOf = (volume: string): string => join(folder, `${volume.replaceAll(/[^\w.-]+/g, "_")}.overlay`);

  return {
    file(volume, base, bytes) {
      const path = pathOf(volume);
      if (existsSync(path)) return path;
      const over = base === null ? [] : ["-b", base, "-F", "raw"];
      execFileSync("qemu-img", ["create", "-q", "-f", "qcow2", ...over, path, String(bytes)], { stdio: "pipe" });
      return path;
    },
    forget: (volume) => rmSync(pathOf(volume), { force: true }),
  };
}
