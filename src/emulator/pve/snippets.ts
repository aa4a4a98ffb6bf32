import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import type { PveSpec, StorageSpec } from "./spec.ts";
import { holdsContent } from "./volumes.ts";

export interface Snippet {
  readonly id: string;
  readonly size: number;
  readonly changedAt: number;
}

/** Null where the storage has no such file. */
export function readSnippet(storage: StorageSpec, name: string): string | null {
  if (storage.snippetsFolder === null || name.includes("/") || name.includes("..")) return null;
  const file = join(storage.snippetsFolder, name);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

/** Hook scripts have to be. */
export function isExecutable(storage: StorageSpec, name: string): boolean {
  if (storage.snippetsFolder === null || name.includes("/")) return false;
  const file = join(storage.snippetsFolder, name);
  return existsSync(file) && (statSync(file).mode & 0o100) !== 0;
}

export function snippetsOn(storage: StorageSpec): readonly Snippet[] {
  const folder = storage.snippetsFolder;
  if (folder === null || !existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => {
      const { size, mtimeMs } = statSync(join(folder, name));
      return { id: `${storage.name}:snippets/${name}`, size, changedAt: mtimeMs };
    });
}

export const allSnippets = (spec: PveSpec): ReadonlySet<string> =>
  new Set(spec.storages.flatMap((storage) => snippetsOn(storage).map(({ id }) => id)));

/** Two storages may share one folder: a file counts once. */
export function snippetsWithContent(spec: PveSpec, except: ReadonlySet<string>): number {
  const files = new Set<string>();
  for (const storage of spec.storages) {
    for (const { id } of snippetsOn(storage)) {
      if (!except.has(id)) files.add(join(storage.snippetsFolder ?? "", id.slice(id.indexOf("/") + 1)));
    }
  }
  return [...files].filter((file) => existsSync(file) && holdsContent(readFileSync(file))).length;
}
