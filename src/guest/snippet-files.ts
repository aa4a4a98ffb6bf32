import { open, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";

/** The little that the snippet store needs of a file system. Failures are Node's, with their `code`. */
export interface SnippetFiles {
  /** Makes a new file that only its owner may read; `EEXIST` where the path is taken. Resolves when it is on the disk. */
  create(path: string, text: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Overwrites the content with zeros and leaves the file empty; `ENOENT` where there is none. */
  wipe(path: string): Promise<void>;
  /** `ENOENT` where there is none. */
  remove(path: string): Promise<void>;
  list(folder: string): Promise<readonly { readonly name: string; readonly size: number }[]>;
}

export const nodeFiles: SnippetFiles = {
  async create(path, text) {
    const file = await open(path, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
  },

  rename,

  async wipe(path) {
    const file = await open(path, "r+");
    try {
      const { size } = await file.stat();
      await file.writeFile(new Uint8Array(size));
      await file.sync();
      await file.truncate(0);
    } finally {
      await file.close();
    }
  },

  remove: (path) => rm(path),

  async list(folder) {
    const names = (await readdir(folder, { withFileTypes: true })).filter((entry) => entry.isFile());
    const sized = await Promise.all(
      names.map(async ({ name }) => {
        // A file that goes away between the two calls is not in the list.
        const size = await stat(join(folder, name)).then(
          (found) => found.size,
          (error: NodeJS.ErrnoException) => (error.code === "ENOENT" ? null : Promise.reject(error)),
        );
        return size === null ? [] : [{ name, size }];
      }),
    );
    return sized.flat();
  },
};
