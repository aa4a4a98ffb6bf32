import { accessSync, constants, existsSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export const environmentName = "dispatcher.env";
export const poolsName = "dispatcher.yaml";

/** Those of our files that are there already. */
export const present = (folder: string): readonly string[] =>
  [environmentName, poolsName].filter((name) => existsSync(join(folder, name)));

export function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** Whole or not at all: written beside, and renamed. */
export function put(folder: string, name: string, text: string, mode: number): void {
  const path = join(folder, name);
  const beside = `${path}.new`;
  // A file that is there keeps its mode when it is written.
  rmSync(beside, { force: true });
  writeFileSync(beside, text, { mode, flag: "wx" });
  renameSync(beside, path);
}
