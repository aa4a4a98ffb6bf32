import { DispatcherError } from "../domain/errors.ts";
import type { Upid } from "../domain/ids.ts";
import type { BuildStep } from "../domain/images/build-step.ts";
import { MINUTE, SECOND } from "../domain/time.ts";
import { seedImage } from "../guest/seed-image.ts";
import { metaData } from "../guest/user-data.ts";
import type { BuildOrder } from "./order.ts";
import { imageName, note, prove, type Site, seedName } from "./site-of-build.ts";
import { watch } from "./watch.ts";
import type { Tell, Workshop } from "./workshop.ts";

/** Each step once, from a sight in which it was the next one. What it leaves half done, the next sight shows. */
type Perform = (work: Work, signal: AbortSignal) => Promise<void>;

export interface Work {
  readonly shop: Workshop;
  readonly site: Site;
  readonly order: BuildOrder;
  readonly tell: Tell;
}

export type Performed = Exclude<BuildStep["do"], "wait" | "start over" | "finish">;

export const performers = {
  "drop image": (work, signal) => dropImage(work, signal),
  fetch,
  import: importDisk,
  grow,
  "note import": ({ shop, site }, signal) => note(shop, site, "imported", {}, signal),
  boot,
  watch,
  "shut down": shutDown,
  // The seed makes way for the drive on whose slot clones get theirs. Who gets none finds PVE's own user-data there, which
  // would have all packages upgraded before the job.
  seal: ({ shop, site, order }, signal) =>
    note(
      shop,
      site,
      "sealed",
      { ide2: `${order.storages.disks}:cloudinit`, ciupgrade: 0, boot: "order=scsi0" },
      signal,
    ),
  "drop seed": (work, signal) => dropSeed(work, signal),
  convert,
} as const satisfies Record<Performed, Perform>;

export const dropImage = ({ shop, site, order }: Work, signal: AbortSignal): Promise<void> =>
  drop(shop, site, order.storages.imports, site.image, signal);

export const dropSeed = ({ shop, site, order }: Work, signal: AbortSignal): Promise<void> =>
  drop(shop, site, order.storages.seeds, site.seed, signal);

async function fetch({ shop, site, order, tell }: Work, signal: AbortSignal): Promise<void> {
  const { client } = shop;
  const { image, node, storages } = order;
  const name = imageName(site.nonce);
  if (image.kind === "url") {
    tell("fetch", `node ${node} downloads ${image.url}`);
    const { algorithm, value } = image.checksum;
    const checksum = algorithm === "sha512" ? { sha256: null, sha512: value } : { sha256: value };
    const file = { content: "import", url: image.url, name, ...checksum } as const;
    await ended(
      shop,
      site,
      await client.downloadUrl(node, storages.imports, file, signal),
      "download the image",
      signal,
    );
  } else {
    tell("fetch", `uploading ${image.name}`);
    const bytes = await image.read();
    const deadline = site.until - shop.clock.now();
    const file = { content: "import", name, bytes, sha256: image.checksum.value, deadline } as const;
    await ended(shop, site, await client.upload(node, storages.imports, file, signal), "upload the image", signal);
  }
  await note(shop, site, "fetched", {}, signal);
}

async function importDisk({ shop, site, order, tell }: Work, signal: AbortSignal): Promise<void> {
  tell("import", `the image becomes the disk of guest ${site.vmid}`);
  const storages = await shop.client.storages(site.node, signal);
  const { disks } = order.storages;
  const type = storages.find(({ name }) => name === disks)?.type ?? "";
  // Raw files, which would be the default there, take no snapshots.
  const format = fileStorages.includes(type) ? ",format=qcow2" : "";
  const { config } = await prove(shop, site, signal);
  const set = { scsi0: `${disks}:0,import-from=${site.image}${format},discard=on`, boot: "order=scsi0" };
  // In a task: to copy a disk takes longer than an answer may.
  const upid = await shop.client.postConfig(site.node, site.vmid, { set, digest: config.digest }, signal);
  await ended(shop, site, upid, "import the image", signal);
}

const fileStorages: readonly string[] = ["dir", "nfs", "cifs"];

async function grow({ shop, site, order }: Work, signal: AbortSignal): Promise<void> {
  await prove(shop, site, signal);
  const upid = await shop.client.resize(site.node, site.vmid, "scsi0", `${order.diskGiB}G`, signal);
  await ended(shop, site, upid, "grow the disk", signal);
}

async function boot({ shop, site, order, tell }: Work, signal: AbortSignal): Promise<void> {
  const { client } = shop;
  tell("boot", `guest ${site.vmid} starts with its seed`);
  const bytes = seedImage({
    userData: order.userData,
    metaData: metaData({ instanceId: site.nonce, hostname: "image" }),
  });
  const seed = { content: "iso", name: seedName(site.nonce), bytes } as const;
  await ended(
    shop,
    site,
    await client.upload(site.node, order.storages.seeds, seed, signal),
    "upload the seed",
    signal,
  );
  await note(shop, site, "booting", { ide2: `${site.seed},media=cdrom` }, signal);
  await ended(shop, site, await client.start(site.node, site.vmid, signal), "start the guest", signal);
}

async function shutDown({ shop, site, tell }: Work, signal: AbortSignal): Promise<void> {
  tell("shut down", `guest ${site.vmid} is turned off`);
  await prove(shop, site, signal);
  const upid = await shop.client.shutdown(site.node, site.vmid, { timeout: 3 * MINUTE, force: false }, signal);
  await ended(shop, site, upid, "shut the guest down", signal);
}

async function convert({ shop, site, tell }: Work, signal: AbortSignal): Promise<void> {
  tell("convert", `guest ${site.vmid} becomes a template`);
  await prove(shop, site, signal);
  await ended(shop, site, await shop.client.makeTemplate(site.node, site.vmid, signal), "make the template", signal);
}

async function drop(
  shop: Workshop,
  site: Site,
  storage: BuildOrder["storages"]["imports"],
  volume: string,
  signal: AbortSignal,
): Promise<void> {
  const upid = await shop.client.deleteVolume(site.node, storage, volume, signal);
  await ended(shop, site, upid, `delete ${volume}`, signal);
}

/** Waits for a task as long as the build may last. */
export async function ended(
  shop: Workshop,
  site: Site,
  upid: Upid | null,
  what: string,
  signal: AbortSignal,
): Promise<void> {
  if (upid === null) return;
  const deadline = Math.max(30 * SECOND, site.until - shop.clock.now());
  try {
    await shop.tasks.finish(upid, `${what} (guest ${site.vmid})`, { deadline, signal });
  } catch (error) {
    // Aborted: the task goes on, and whoever cleans up waits for it.
    if (signal.aborted) throw new DispatcherError("internal", `${what}: stopped`, { cause: error });
    throw error;
  }
}
