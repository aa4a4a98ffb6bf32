import { hasCode } from "../domain/errors.ts";
import type { NodeName, StorageName, Vmid } from "../domain/ids.ts";
import type { SeedView } from "../domain/observation.ts";
import { storeNameOf } from "../domain/pool.ts";
import { MINUTE } from "../domain/time.ts";
import { inRange, type VmidRange } from "../domain/vmids.ts";
import type { Journal } from "../engine/journal.ts";
import type { SeedStore } from "../engine/site.ts";
import type { ProxmoxClient } from "./client.ts";
import type { Limits } from "./limits.ts";
import type { Tasks } from "./tasks.ts";

export interface IsoSeedsOptions {
  readonly client: ProxmoxClient;
  readonly tasks: Tasks;
  readonly limits: Limits;
  readonly journal: Journal;
  readonly storage: StorageName;
  readonly nodes: readonly NodeName[];
  readonly ranges: readonly VmidRange[];
  readonly fileName: (vmid: Vmid) => string;
  /** Null for a file that is no seed of this instance. */
  readonly vmidOf: (fileName: string) => Vmid | null;
  readonly image: (seed: { readonly name: string; readonly userData: string }) => Uint8Array;
  /** Smaller than any seed, so that its size tells it apart in a listing. */
  readonly blank: Uint8Array;
}

const uploadDeadline = 5 * MINUTE;

/** Seeds as ISO images on a storage of PVE's. An upload overwrites silently, so only VMIDs of our ranges are written. */
export function createIsoSeeds(options: IsoSeedsOptions): SeedStore {
  const { client, tasks, limits, journal, storage, fileName } = options;
  /** False once PVE refused it: deletion needs the broad Datastore.Allocate. */
  let mayDelete = true;

  const name = storeNameOf({ kind: "iso", storage });

  const volumeOf = (vmid: Vmid): string => `${storage}:iso/${fileName(vmid)}`;

  const upload = (vmid: Vmid, node: NodeName, bytes: Uint8Array, signal: AbortSignal): Promise<void> =>
    limits.onStorage(node, storage, () =>
      journal.around({ call: "put seed", vmid, name: null }, async () => {
        const upid = await client.upload(node, storage, { content: "iso", name: fileName(vmid), bytes }, signal);
        await tasks.finish(upid, `upload ${fileName(vmid)} to ${storage}`, { deadline: uploadDeadline, signal });
      }),
    );

  const remove = (vmid: Vmid, node: NodeName, signal: AbortSignal): Promise<void> =>
    journal.around({ call: "remove seed", vmid, name: null }, async () => {
      const upid = await client.deleteVolume(node, storage, volumeOf(vmid), signal);
      if (upid === null) return;
      await tasks.finish(upid, `delete ${fileName(vmid)} from ${storage}`, { deadline: uploadDeadline, signal });
    });

  const seeds = async (node: NodeName, signal: AbortSignal): Promise<readonly SeedView[]> => {
    const volumes = await client.volumes(node, storage, "iso", signal);
    return volumes.flatMap(({ volid, size }) => {
      const vmid = options.vmidOf(volid.slice(`${storage}:iso/`.length));
      if (vmid === null || !options.ranges.some((range) => inRange(vmid, range))) return [];
      return [{ vmid, node, store: name, holdsContent: size > options.blank.length }];
    });
  };

  return {
    name,

    async put({ vmid, node, name: guest, userData }, signal) {
      await upload(vmid, node, options.image({ name: guest, userData }), signal);
      return { kind: "cdrom", volume: volumeOf(vmid) };
    },

    blank: (vmid, node, signal) => upload(vmid, node, options.blank, signal),

    async remove(vmid, node, signal) {
      const seed = (await seeds(node, signal)).find((s) => s.vmid === vmid);
      if (seed === undefined) return;
      // Deleting alone would leave the content to whoever holds the file open; but a full storage takes no blank.
      const unblanked = seed.holdsContent ? await failureOf(upload(vmid, node, options.blank, signal)) : null;
      if (!mayDelete || (unblanked !== null && !hasCode(unblanked, "task_failed"))) {
        if (unblanked !== null) throw unblanked;
        return;
      }
      try {
        await remove(vmid, node, signal);
      } catch (error) {
        if (!hasCode(error, "forbidden")) throw error;
        mayDelete = false;
        if (unblanked !== null) throw unblanked;
      }
    },

    /** Blanks that we may not delete are what we leave on purpose: they are not listed. */
    async list(signal) {
      const perNode = await Promise.all(options.nodes.map((node) => seeds(node, signal)));
      return perNode.flat().filter((seed) => seed.holdsContent || mayDelete);
    },
  };
}

const failureOf = (work: Promise<void>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  );
