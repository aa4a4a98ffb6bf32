import { join } from "node:path/posix";
import { DispatcherError } from "../domain/errors.ts";
import type { InstanceName, NodeName, StorageName, Vmid } from "../domain/ids.ts";
import type { SeedView } from "../domain/observation.ts";
import { type SftpHost, storeNameOf } from "../domain/pool.ts";
import { inRange, spellRange, type VmidRange } from "../domain/vmids.ts";
import type { SeedStore } from "../engine/site.ts";
import { folderError, systemCode } from "./folder-error.ts";
import { fileNameOf, vmidIn } from "./seed-names.ts";
import type { SnippetFiles } from "./snippet-files.ts";

export interface SnippetStoreOptions {
  readonly storage: StorageName;
  /** The storage's snippets folder, as it is mounted here or called on its host. */
  readonly folder: string;
  /** Null, or left out: mounted here. */
  readonly host?: Pick<SftpHost, "address" | "port"> | null;
  readonly instance: InstanceName;
  readonly ranges: readonly VmidRange[];
  /** Whose storage it is; for a shared one, any node that has it. */
  readonly node: NodeName;
  readonly files: SnippetFiles;
}

/** PVE takes no snippets by its API: they are written where the storage's folder is mounted, or by SFTP. */
export function createSnippetStore(options: SnippetStoreOptions): SeedStore {
  const { storage, folder, host = null, instance, ranges, node, files } = options;
  const store = storeNameOf({ kind: "snippets", storage, host });

  /** The snippet, and the unfinished one that a crash may have left beside it. */
  const namesOf = (vmid: Vmid): { readonly file: string; readonly draft: string } => {
    if (!ranges.some((range) => inRange(vmid, range))) {
      const own = ranges.map(spellRange).join(", ");
      throw new DispatcherError("not_ours", `snippet for VMID ${vmid}: it is outside our ranges ${own}`);
    }
    return { file: fileNameOf(instance, vmid, ENDING), draft: fileNameOf(instance, vmid, DRAFT_ENDING) };
  };

  const vmidOf = (name: string): Vmid | null => {
    const vmid = vmidIn(name, instance, ENDING) ?? vmidIn(name, instance, DRAFT_ENDING);
    return vmid !== null && ranges.some((range) => inRange(vmid, range)) ? vmid : null;
  };

  const inFolder = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (error) {
      throw folderError(`snippets folder ${folder} of storage ${storage}`, error);
    }
  };

  const erase = (vmid: Vmid, signal: AbortSignal): Promise<void> => {
    const { file, draft } = namesOf(vmid);
    signal.throwIfAborted();
    return inFolder(async () => {
      // Where a mount is missing, every file is: that must not look like "removed".
      await files.list(folder);
      for (const name of [file, draft]) {
        await unlessMissing(files.wipe(join(folder, name)));
        await unlessMissing(files.remove(join(folder, name)));
      }
    });
  };

  return {
    name: store,

    async put(seed, signal) {
      const { file, draft } = namesOf(seed.vmid);
      signal.throwIfAborted();
      await inFolder(async () => {
        await unlessMissing(files.remove(join(folder, draft)));
        await files.create(join(folder, draft), seed.userData);
        await files.rename(join(folder, draft), join(folder, file));
      });
      return { kind: "cicustom", volume: `${storage}:snippets/${file}` };
    },

    blank: (vmid, _node, signal) => erase(vmid, signal),
    remove: (vmid, _node, signal) => erase(vmid, signal),

    async list(signal) {
      signal.throwIfAborted();
      const seeds = new Map<Vmid, SeedView>();
      for (const { name, size } of await inFolder(() => files.list(folder))) {
        const vmid = vmidOf(name);
        if (vmid === null) continue;
        const holdsContent = size > 0 || seeds.get(vmid)?.holdsContent === true;
        seeds.set(vmid, { vmid, node, store, holdsContent });
      }
      return [...seeds.values()];
    },
  };
}

const ENDING = "yaml";
const DRAFT_ENDING = "yaml.draft";

async function unlessMissing(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
}
