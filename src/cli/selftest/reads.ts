import { DispatcherError, hasCode } from "../../domain/errors.ts";
import type { NodeName, StorageName } from "../../domain/ids.ts";
import type { RunnerPool } from "../../domain/pool.ts";
import type { Site } from "../../engine/site.ts";
import type { GithubForge } from "../../github/forge.ts";
import type { ProxmoxClient } from "../../proxmox/client.ts";
import { orNull, type Steps } from "./steps.ts";

type Content = "iso" | "snippets" | "images";

interface Place {
  readonly node: NodeName;
  readonly storage: StorageName;
  readonly content: Content;
}

export interface Services {
  readonly client: ProxmoxClient;
  readonly site: Site;
  readonly forge: Pick<GithubForge, "check">;
}

/** Asks for what a pass would ask for. One refusal does not hide the next. */
export async function readAll(
  { client, forge, site }: Services,
  pools: readonly RunnerPool[],
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const needed = [...new Set(pools.flatMap((pool) => pool.guest.nodes))];
  await orNull(
    steps.run(
      "version",
      () => client.version(signal),
      ({ version }) => `PVE ${version}`,
    ),
  );
  await orNull(
    steps.run(
      "nodes",
      async () => {
        const online = (await client.nodes(signal)).filter((node) => node.online).map((node) => node.name);
        const missing = needed.filter((node) => !online.includes(node));
        if (missing.length === 0) return online;
        throw new DispatcherError("unavailable", `nodes ${missing.join(", ")}: not online, or not listed to our token`);
      },
      (online) => `${online.join(", ")} online`,
    ),
  );
  await orNull(
    steps.run(
      "guests",
      async () => {
        const [seen, { guests }] = await Promise.all([
          client.resources(signal),
          site.observe(signal, { seeds: false }),
        ]);
        return { seen: seen.length, ours: guests.length };
      },
      ({ seen, ours }) => `${seen} seen, ${ours} of them ours`,
    ),
  );
  for (const { node, storage, content } of placesOf(pools)) {
    await orNull(
      steps.run(
        `storage ${storage} on ${node}`,
        () => client.volumes(node, storage, content, signal).catch(asDenied),
        (volumes) => `reachable: ${volumes.length} of ${content}`,
      ),
    );
  }
  await orNull(
    steps.run(
      "GitHub",
      () => forge.check(signal),
      () => "token accepted",
    ),
  );
}

function placesOf(pools: readonly RunnerPool[]): readonly Place[] {
  const places = new Map<string, Place>();
  for (const { guest, delivery } of pools) {
    const disks = guest.clone.kind === "full" ? guest.clone.storage : null;
    for (const node of guest.nodes) {
      const seeds = delivery.kind === "agent" ? [] : [{ storage: delivery.storage, content: delivery.kind }];
      const all = disks === null ? seeds : [...seeds, { storage: disks, content: "images" as const }];
      for (const one of all) places.set(`${node} ${one.storage} ${one.content}`, { node, ...one });
    }
  }
  return [...places.values()];
}

function asDenied(error: unknown): never {
  if (!hasCode(error, "forbidden")) throw error;
  throw new DispatcherError("forbidden", `denied: ${error.message}`, error.details);
}
