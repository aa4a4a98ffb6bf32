import pLimit from "p-limit";
import { DispatcherError } from "../domain/errors.ts";
import { asVmid, type NodeName, type Vmid } from "../domain/ids.ts";
import { type Uses, type Verdict, verdictsOn } from "../domain/images/pruning.ts";
import { MINUTE } from "../domain/time.ts";
import { readAgain, readShelf, type Shelf, type Shelved, unknownFamily } from "./shelf.ts";
import type { Workshop } from "./workshop.ts";

const readsAtOnce = 8;

/** What becomes of every generation, of one family or (null) of all, on every node. */
export async function judge(
  shop: Workshop,
  family: string | null,
  named: ReadonlySet<Vmid>,
  signal: AbortSignal,
): Promise<readonly Verdict<Shelved>[]> {
  const shelf = await readShelf(shop, signal);
  const families = [...new Set(shelf.templates.map(({ marker }) => marker.family))].sort();
  if (family !== null && !families.includes(family)) throw unknownFamily(family, shelf);
  const uses = { ...(await usesOf(shop, shelf, signal)), named };
  const nodes = [...new Set(shelf.templates.map(({ node }) => node))].sort();
  return families
    .filter((one) => family === null || one === family)
    .flatMap((one) => nodes.flatMap((node) => verdictsOn(shelf.templates, one, node, uses)));
}

/** Removes one, if it is to the letter what was judged. PVE refuses by itself while a disk rests on it that we cannot see. */
export async function removeTemplate(shop: Workshop, judged: Shelved, signal: AbortSignal): Promise<void> {
  const { client, tasks } = shop;
  const fresh = await readAgain(shop, judged, signal);
  const what = `remove template ${judged.vmid} (${judged.marker.family}, generation ${judged.marker.generation})`;
  if (fresh.config.digest !== judged.config.digest) {
    throw new DispatcherError("conflict", `${what}: somebody has changed it meanwhile`, { remedy: "prune again" });
  }
  if (fresh.config.values.protection === "1") {
    throw new DispatcherError("not_ours", `${what}: it is protected`, { remedy: "clear its protection, or keep it" });
  }
  if ((await cloningOn(shop, judged.node, signal)).has(judged.vmid)) {
    throw new DispatcherError("conflict", `${what}: it is being cloned`, { remedy: "prune again later" });
  }
  const upid = await client.destroy(judged.node, judged.vmid, signal);
  await tasks.finish(upid, what, { deadline: 10 * MINUTE, signal });
}

async function usesOf(shop: Workshop, { guests, templates }: Shelf, signal: AbortSignal): Promise<Omit<Uses, "named">> {
  const clones = new Map<Vmid, Vmid[]>();
  const limit = pLimit(readsAtOnce);
  const others = guests.filter(({ type }) => type === "qemu");
  await Promise.all(
    others.map(({ vmid, node }) =>
      limit(async () => {
        for (const base of await basesOf(shop, node, vmid, signal)) {
          if (base !== vmid) clones.set(base, [...(clones.get(base) ?? []), vmid]);
        }
      }),
    ),
  );
  const nodes = [...new Set(templates.map(({ node }) => node))];
  const cloning = await Promise.all(nodes.map((node) => cloningOn(shop, node, signal)));
  return { clones, cloning: new Set(cloning.flatMap((some) => [...some])) };
}

/** The templates that a guest's disks rest on. One that cannot be read is PVE's to protect. */
async function basesOf(
  { client }: Workshop,
  node: NodeName,
  vmid: Vmid,
  signal: AbortSignal,
): Promise<ReadonlySet<Vmid>> {
  try {
    const { values } = await client.config(node, vmid, signal);
    const all = Object.values(values).join("\n");
    return new Set([...all.matchAll(/\bbase-(\d+)-disk-/g)].map(([, digits]) => asVmid(Number(digits))));
  } catch (error) {
    if (error instanceof DispatcherError) return new Set();
    throw error;
  }
}

/** A clone's task names its source. */
async function cloningOn({ client }: Workshop, node: NodeName, signal: AbortSignal): Promise<ReadonlySet<Vmid>> {
  const active = await client.activeTasks(node, signal);
  return new Set(active.filter(({ type }) => type === "qmclone").map(({ id }) => asVmid(Number(id))));
}
