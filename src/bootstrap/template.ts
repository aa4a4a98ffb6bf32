import { DispatcherError, messageOf } from "../domain/errors.ts";
import type { NodeName, StorageName } from "../domain/ids.ts";
import { MINUTE, type Ms } from "../domain/time.ts";
import type { Tools } from "./tools.ts";
import type { ContainerWish } from "./wish.ts";

/** Where the container's template comes from. */
export type TemplateSource =
  | { readonly kind: "there"; readonly volume: string }
  /** From the list of templates that each node keeps. */
  | { readonly kind: "appliance"; readonly volume: string; readonly name: string }
  /** By the node, or else by us, who upload it. */
  | { readonly kind: "url"; readonly volume: string; readonly url: string }
  | { readonly kind: "file"; readonly volume: string; readonly name: string; readonly bytes: Uint8Array };

type Look = Pick<Tools, "client">;

export async function findTemplate(
  { client }: Look,
  node: NodeName,
  wish: ContainerWish,
  signal: AbortSignal,
): Promise<TemplateSource> {
  const there = (await client.volumes(node, wish.templates, "vztmpl", signal)).map(({ volid }) => volid);
  const volumeOf = (name: string): string => `${wish.templates}:vztmpl/${name}`;
  if (wish.template !== null) {
    const volume = wish.template.includes(":") ? wish.template : volumeOf(wish.template);
    if (volume.startsWith(`${wish.templates}:`) ? there.includes(volume) : await exists(client, node, volume, signal)) {
      return { kind: "there", volume };
    }
    const offered = await client.appliances(node, signal);
    const name = volume.slice(volume.indexOf("/") + 1);
    if (offered.some(({ template }) => template === name)) return { kind: "appliance", volume: volumeOf(name), name };
    throw new DispatcherError(
      "not_found",
      `template ${wish.template}: neither on ${wish.templates} nor among those that ${node} offers`,
      {
        remedy: "leave CT_TEMPLATE out, or set CT_TEMPLATE_URL to where it can be fetched",
      },
    );
  }
  if (wish.templateUrl !== null) {
    const volume = volumeOf(decodeURIComponent(new URL(wish.templateUrl).pathname.split("/").at(-1) ?? ""));
    return there.includes(volume) ? { kind: "there", volume } : { kind: "url", volume, url: wish.templateUrl };
  }
  const own = newest(there.filter((volume) => suits(volume.slice(volume.indexOf("/") + 1))));
  if (own !== null) return { kind: "there", volume: own };
  const offered = await client.appliances(node, signal);
  const name = newest(offered.map(({ template }) => template).filter(suits));
  if (name !== null) return { kind: "appliance", volume: volumeOf(name), name };
  // The node's list may be older than Debian 13, or empty behind a closed firewall.
  return { kind: "url", volume: volumeOf(knownName), url: `${proxmoxSite}${knownName}` };
}

/** Each way in turn, until one works. */
export async function fetchTemplate(
  tools: Tools,
  node: NodeName,
  storage: StorageName,
  source: TemplateSource,
  signal: AbortSignal,
): Promise<void> {
  const { client, tasks, tell } = tools;
  const name = source.volume.slice(source.volume.indexOf("/") + 1);
  const wait = { deadline: patience, signal };
  const upload = async (bytes: Uint8Array): Promise<void> => {
    const upid = await client.upload(node, storage, { content: "vztmpl", name, bytes }, signal);
    await tasks.finish(upid, `upload ${name}`, wait);
  };
  const byUrl = async (url: string): Promise<void> => {
    const upid = await client.downloadUrl(node, storage, { content: "vztmpl", url, name, sha256: null }, signal);
    await tasks.finish(upid, `fetch ${url}`, wait);
  };
  const fetchHere = async (url: string): Promise<void> => upload(await tools.fetchFile(url, signal));
  const attempts = ((): readonly (() => Promise<void>)[] => {
    switch (source.kind) {
      case "there":
        return [];
      case "appliance":
        return [
          async () => tasks.finish(await client.downloadAppliance(node, storage, name, signal), `fetch ${name}`, wait),
          () => byUrl(`${proxmoxSite}${name}`),
          () => fetchHere(`${proxmoxSite}${name}`),
        ];
      case "url":
        return [() => byUrl(source.url), () => fetchHere(source.url)];
      case "file":
        return [() => upload(source.bytes)];
    }
  })();
  for (const [at, attempt] of attempts.entries()) {
    try {
      return await attempt();
    } catch (error) {
      signal.throwIfAborted();
      if (at === attempts.length - 1) throw error;
      tell(`            ${messageOf(error)}; trying another way`);
    }
  }
}

const patience: Ms = 20 * MINUTE;
const proxmoxSite = "http://download.proxmox.com/images/system/";
const knownName = "debian-13-standard_13.1-2_amd64.tar.zst";
const suits = (name: string): boolean => /^debian-13-standard_.*\.tar\.(gz|xz|zst)$/.test(name);

const newest = (names: readonly string[]): string | null =>
  [...names].sort((a, b) => a.localeCompare(b, "en", { numeric: true })).at(-1) ?? null;

async function exists(client: Tools["client"], node: NodeName, volume: string, signal: AbortSignal): Promise<boolean> {
  const storage = volume.slice(0, volume.indexOf(":")) as StorageName;
  return (await client.volumes(node, storage, "vztmpl", signal)).some(({ volid }) => volid === volume);
}
