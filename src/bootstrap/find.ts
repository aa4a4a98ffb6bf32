import { DispatcherError } from "../domain/errors.ts";
import { asVmid, type InstanceName, type NodeName, type Vmid } from "../domain/ids.ts";
import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import type { VmidRange } from "../domain/vmids.ts";
import { type ContainerMarker, readContainerMarker } from "./marker.ts";
import type { BootRecord } from "./record.ts";
import type { Tools } from "./tools.ts";
import type { ContainerWish } from "./wish.ts";

/** Our container, proved by its marker. */
export interface FoundContainer {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly running: boolean;
  readonly marker: ContainerMarker;
  readonly description: string;
  readonly digest: string;
}

type Look = Pick<Tools, "client" | "tasks">;

/**
 * The one container of this instance, wherever in the cluster it is by now. A signer of null: there is no key yet, so
 * that nothing can be ours.
 */
export async function findContainer(
  { client }: Look,
  instance: InstanceName,
  signer: Signer | null,
  signal: AbortSignal,
): Promise<FoundContainer | null> {
  const found: FoundContainer[] = [];
  const forged: string[] = [];
  for (const node of (await client.nodes(signal)).filter(({ online }) => online)) {
    for (const { vmid, status, tags } of await client.containers(node.name, signal)) {
      if (!tags.includes(containerTag)) continue;
      const { values, digest } = await client.containerConfig(node.name, vmid, signal);
      const description = values.description ?? "";
      const read = signer === null ? null : readContainerMarker(description, vmid, signer);
      if (read?.kind === "valid" && read.marker.instance === instance) {
        found.push({ vmid, node: node.name, running: status === "running", marker: read.marker, description, digest });
      } else if (read?.kind !== "valid" && description.includes(`{"dispatcher":"${instance}","kind":"container"`)) {
        forged.push(`container ${vmid} on ${node.name}`);
      }
    }
  }
  if (forged.length > 0) {
    throw new DispatcherError(
      "not_ours",
      `${forged.join(", ")}: says that it is dispatcher ${instance}'s, but another key has signed it`,
      {
        remedy:
          "run this where it was bootstrapped (its dispatcher.env and record lie there), or set DISPATCHER_INSTANCE to another name",
      },
    );
  }
  const [first, second] = found;
  if (second !== undefined) {
    throw new DispatcherError(
      "conflict",
      `containers ${found.map(({ vmid }) => vmid).join(" and ")}: both are dispatcher ${instance}'s; remove one of them`,
    );
  }
  return first ?? null;
}

/** Lists name it at once, unlike a description. */
export const containerTag = "dispatcher";

/** One that was being made when somebody cut the bootstrap short shows only when it is whole. */
export async function awaitCreation(
  { client, tasks }: Look,
  node: NodeName,
  record: BootRecord,
  signal: AbortSignal,
): Promise<void> {
  if (record.vmid === null) return;
  for (const task of await client.activeTasks(node, signal)) {
    if (task.type !== "vzcreate" || task.id !== String(record.vmid)) continue;
    await tasks.outcome(task.upid, { deadline: 10 * MINUTE, signal });
  }
}

/** The first number that nobody has, outside of those that guests get. */
export async function freeVmid(
  { client }: Look,
  wish: ContainerWish,
  ranges: readonly VmidRange[],
  signal: AbortSignal,
): Promise<Vmid> {
  if (wish.vmid !== null) {
    if ((await client.nextId(wish.vmid, signal)) === "free") return wish.vmid;
    throw new DispatcherError("already_exists", `CT_ID=${wish.vmid}: somebody else has this VMID`, {
      remedy: "choose another one, or leave CT_ID out",
    });
  }
  const taken = new Set<number>((await client.resources(signal)).map(({ vmid }) => vmid));
  for (let vmid = 100; vmid < 1_000_000; vmid++) {
    if (taken.has(vmid) || ranges.some(({ first, last }) => vmid >= first && vmid <= last)) continue;
    // Only this call sees guests that are hidden from us, and those that were just made.
    if ((await client.nextId(asVmid(vmid), signal)) === "free") return asVmid(vmid);
  }
  throw new DispatcherError("no_capacity", "VMIDs: none is free");
}
