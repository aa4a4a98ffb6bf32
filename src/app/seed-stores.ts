import type { Config } from "../config/config.ts";
import type { NodeName, StorageName } from "../domain/ids.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { SeedStore } from "../engine/site.ts";
import { seedFileName, vmidOfSeed } from "../guest/iso-names.ts";
import { blankSeed, seedImage } from "../guest/seed-image.ts";
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
}

/** One store per storage and delivery; pools that name the same storage share it. */
export function createSeedStores(options: SeedStoresOptions): ReadonlyMap<StorageName, SeedStore> {
  const { pools } = options.config;
  const storages = new Set(pools.map((pool) => pool.delivery.storage));
  return new Map([...storages].map((storage) => [storage, storeFor(options, storage)]));
}

function storeFor({ config, client, tasks, limits }: SeedStoresOptions, storage: StorageName): SeedStore {
  const pools = config.pools.filter((pool) => pool.delivery.storage === storage);
  const ranges = pools.map((pool) => pool.guest.range);
  const { instance } = config;
  const snippets = pools.map((pool) => pool.delivery).find((delivery) => delivery.kind === "snippets");
  if (snippets !== undefined) {
    const [node] = nodesOf(pools);
    return createSnippetStore({ storage, folder: snippets.folder, instance, ranges, node, files: nodeFiles });
  }
  return createIsoSeeds({
    client,
    tasks,
    limits,
    storage,
    nodes: nodesOf(pools),
    ranges,
    fileName: (vmid) => seedFileName(instance, vmid),
    vmidOf: (fileName) => vmidOfSeed(fileName, instance),
    image: ({ name, userData }) => seedImage({ userData, metaData: metaData({ instanceId: name, hostname: name }) }),
    blank: blankSeed,
  });
}

/** Every pool names a node: the configuration sees to it. */
function nodesOf(pools: readonly RunnerPool[]): [NodeName, ...NodeName[]] {
  const [first, ...rest] = new Set(pools.flatMap((pool) => pool.guest.nodes));
  if (first === undefined) throw new Error("a pool without nodes");
  return [first, ...rest];
}
