import type { Config } from "../config/config.ts";
import type { NodeName } from "../domain/ids.ts";
import { type RunnerPool, type SeedDelivery, type StoreName, storeNameOf } from "../domain/pool.ts";
import type { Clock } from "../domain/time.ts";
import type { Journal } from "../engine/journal.ts";
import type { SeedStore } from "../engine/site.ts";
import type { Writer } from "../engine/writer.ts";
import { seedFileName, vmidOfSeed } from "../guest/iso-names.ts";
import { blankSeed, seedImage } from "../guest/seed-image.ts";
import { createSftpFiles } from "../guest/sftp-files.ts";
import { nodeFiles } from "../guest/snippet-files.ts";
import { createSnippetStore } from "../guest/snippets.ts";
import { metaData } from "../guest/user-data.ts";
import type { ProxmoxClient } from "../proxmox/client.ts";
import { createIsoSeeds } from "../proxmox/iso-seeds.ts";
import type { Limits } from "../proxmox/limits.ts";
import type { Tasks } from "../proxmox/tasks.ts";

export interface SeedStoresOptions {
  readonly config: Config;
  readonly client: ProxmoxClient;
  readonly tasks: Tasks;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly journal: Journal;
  readonly writer: Pick<Writer, "mustHold">;
}

/** One store per storage and delivery; pools that name the same storage share it. */
export function createSeedStores(options: SeedStoresOptions): ReadonlyMap<StoreName, SeedStore> {
  const deliveries = new Map<StoreName, { delivery: SeedDelivery; pools: RunnerPool[] }>();
  for (const pool of options.config.pools) {
    const { delivery } = pool;
    if (delivery.kind === "agent") continue;
    const name = storeNameOf(delivery);
    deliveries.set(name, { delivery, pools: [...(deliveries.get(name)?.pools ?? []), pool] });
  }
  return new Map([...deliveries].map(([name, { delivery, pools }]) => [name, storeFor(options, delivery, pools)]));
}

function storeFor(
  { config, client, tasks, limits, clock, journal, writer }: SeedStoresOptions,
  delivery: SeedDelivery,
  pools: readonly RunnerPool[],
): SeedStore {
  const { storage } = delivery;
  const ranges = pools.map((pool) => pool.guest.range);
  const { instance } = config;
  if (delivery.kind === "snippets") {
    const [node] = nodesOf(pools);
    const { folder, host } = delivery;
    const files = host === null ? nodeFiles : createSftpFiles({ host, clock });
    return onlyWhileHolding(createSnippetStore({ storage, folder, host, instance, ranges, node, files }), writer);
  }
  return createIsoSeeds({
    client,
    tasks,
    limits,
    journal,
    storage,
    nodes: nodesOf(pools),
    ranges,
    fileName: (vmid) => seedFileName(instance, vmid),
    vmidOf: (fileName) => vmidOfSeed(fileName, instance),
    image: ({ name, userData }) => seedImage({ userData, metaData: metaData({ instanceId: name, hostname: name }) }),
    blank: blankSeed,
  });
}

/** Its files are not written through PVE, where every change is asked for. */
function onlyWhileHolding(store: SeedStore, writer: Pick<Writer, "mustHold">): SeedStore {
  const held =
    <A extends readonly unknown[], T>(what: string, work: (...args: A) => Promise<T>) =>
    async (...args: A): Promise<T> => {
      writer.mustHold(`${what} in ${store.name}`);
      return work(...args);
    };
  return {
    ...store,
    put: held("put a seed", store.put),
    blank: held("blank a seed", store.blank),
    remove: held("remove a seed", store.remove),
  };
}

/** Every pool names a node: the configuration sees to it. */
function nodesOf(pools: readonly RunnerPool[]): [NodeName, ...NodeName[]] {
  const [first, ...rest] = new Set(pools.flatMap((pool) => pool.guest.nodes));
  if (first === undefined) throw new Error("a pool without nodes");
  return [first, ...rest];
}
