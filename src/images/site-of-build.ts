import { DispatcherError } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import { type BuildMarker, type BuildPhase, readBuildMarker, withBuildMarker } from "../domain/images/build-marker.ts";
import type { BuildSight } from "../domain/images/build-step.ts";
import type { ActiveTask, GuestConfig } from "../proxmox/client.ts";
import { bootDisk } from "../proxmox/drives.ts";
import type { BuildOrder } from "./order.ts";
import type { Workshop } from "./workshop.ts";

/** A build that this process works on. */
export interface Site {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly nonce: string;
  /** Volumes of this build alone: nobody else's are called by its nonce. */
  readonly image: string;
  readonly seed: string;
  /** When it is given up. */
  readonly until: number;
}

export const imageName = (nonce: string): string => `dispatcher-build-${nonce}.qcow2`;
export const seedName = (nonce: string): string => `dispatcher-build-${nonce}.iso`;

export function siteOf(vmid: Vmid, node: NodeName, { nonce, until }: BuildMarker, { storages }: BuildOrder): Site {
  const image = `${storages.imports}:import/${imageName(nonce)}`;
  const seed = `${storages.seeds}:iso/${seedName(nonce)}`;
  return { vmid, node, nonce, image, seed, until };
}

/** A fresh read that proves that the guest is still this build's, and that nobody else has taken it over. */
export async function prove(
  shop: Workshop,
  { vmid, node, nonce }: Site,
  signal: AbortSignal,
): Promise<{ readonly config: GuestConfig; readonly marker: BuildMarker }> {
  const config = await shop.client.config(node, vmid, signal);
  const marker = readBuildMarker(config.values.description ?? "", vmid, shop.signer);
  if (marker === null || marker.nonce !== nonce) {
    throw new DispatcherError("not_ours", `guest ${vmid}: it is not this build's any more`);
  }
  if (marker.holder !== shop.holder) {
    throw new DispatcherError("not_ours", `guest ${vmid}: ${marker.holder} has taken this build over`);
  }
  return { config, marker };
}

/** One write with the digest of the read that proved it. The phase goes with it. */
export async function note(
  shop: Workshop,
  site: Site,
  phase: BuildPhase,
  set: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
): Promise<void> {
  const { config, marker } = await prove(shop, site, signal);
  const description = withBuildMarker(config.values.description ?? "", { ...marker, phase }, site.vmid, shop.signer);
  const change = { set: { ...set, description }, digest: config.digest };
  await shop.client.putConfig(site.node, site.vmid, change, signal);
}

/** Everything about it, tasks first: what one of them makes is there when it is no longer listed. */
export async function look(
  shop: Workshop,
  site: Site,
  { storages }: BuildOrder,
  signal: AbortSignal,
): Promise<BuildSight> {
  const { client } = shop;
  const [busy] = await tasksOf(shop, site, signal);
  const { config, marker } = await prove(shop, site, signal);
  const [{ status }, images, seeds] = await Promise.all([
    client.status(site.node, site.vmid, signal),
    client.volumes(site.node, storages.imports, "import", signal),
    client.volumes(site.node, storages.seeds, "iso", signal),
  ]);
  if (status === "unknown") throw new DispatcherError("unavailable", `guest ${site.vmid}: PVE does not say its state`);
  const lock = config.values.lock === undefined ? null : `the guest is locked (${config.values.lock})`;
  return {
    busy: busy === undefined ? lock : `task ${busy.type} is at work`,
    phase: marker.phase,
    template: config.values.template === "1",
    running: status === "running",
    disk: diskOf(config.values),
    image: images.some(({ volid }) => volid === site.image),
    seed: seeds.some(({ volid }) => volid === site.seed),
  };
}

function diskOf(values: Readonly<Record<string, string>>): number | null {
  const disk = bootDisk(values);
  return disk === null ? null : (disk.sizeGiB ?? 0);
}

/** Tasks of our token that are at work on the guest or on one of its files. An upload's names neither. */
export async function tasksOf(shop: Workshop, site: Site, signal: AbortSignal): Promise<readonly ActiveTask[]> {
  const active = await shop.client.activeTasks(site.node, signal);
  return active.filter(
    ({ id, type, user }) =>
      id === String(site.vmid) || id.includes(site.nonce) || (user === shop.tokenId && type === "imgcopy"),
  );
}
