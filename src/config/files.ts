import { resolve } from "node:path";

/** The files that a configuration may point at. Null: no such file. */
export interface Files {
  read(path: string): string | null;
}

/** Where files come from, and the folder that relative paths start in. */
export interface Folder {
  readonly files: Files;
  readonly path: string;
}

export function readIn(folder: Folder, path: string): { readonly path: string; readonly text: string | null } {
  const full = resolve(folder.path, path);
  return { path: full, text: folder.files.read(full) };
}
