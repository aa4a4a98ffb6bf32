import { DispatcherError, hasCode, messageOf } from "../domain/errors.ts";
import { asVmid, type NodeName, type Vmid } from "../domain/ids.ts";
import { type BuildMarker, isAbandoned, readBuildMarker, withBuildMarker } from "../domain/images/build-marker.ts";
import { newNonce } from "../domain/naming.ts";
import { MINUTE, SECOND } from "../domain/time.ts";
import { inRange, spellRange } from "../domain/vmids.ts";
import type { GuestConfig } from "../proxmox/client.ts";
import { type BuildOrder, sourceOfOrder } from "./order.ts";
import { type Site, siteOf } from "./site-of-build.ts";
import type { Workshop } from "./workshop.ts";

export type Claim =
  | { readonly kind: "new"; readonly site: Site }
  /** Another process began it and is over. */
  | { readonly kind: "taken over"; readonly site: Site; readonly marker: BuildMarker };

interface Begun {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly marker: BuildMarker;
  readonly config: GuestConfig;
}

const rounds = 60;

/**
 * The guest of this build: one that an earlier process left, or a new one without a disk. PVE makes only one guest of a
 * VMID, and everyone takes the lowest that is free, so two builds of a family cannot both begin.
 */
export async function claim(shop: Workshop, order: BuildOrder, signal: AbortSignal): Promise<Claim> {
  for (let round = 0; round < rounds; round++) {
    const seen = await begunOf(shop, order, signal);
    if (seen === "unclear") {
      await shop.clock.sleep(2 * SECOND, signal);
      continue;
    }
    const claimed = seen === null ? await create(shop, order) : await takeOver(shop, order, seen, signal);
    if (claimed !== null) return claimed;
    await shop.clock.sleep(2 * SECOND, signal);
  }
  throw new DispatcherError("conflict", `build of ${order.family}: somebody else is always first`, {
    remedy: `look at the guests ${spellRange(order.range.templates)}`,
  });
}

/** The guest on which a build of this family was begun. Unclear while somebody makes a guest that may be one. */
async function begunOf(
  shop: Workshop,
  { family, range }: BuildOrder,
  signal: AbortSignal,
): Promise<Begun | "unclear" | null> {
  const guests = await shop.client.resources(signal);
  let unclear = false;
  for (const { vmid, node, type } of guests) {
    if (type !== "qemu" || !inRange(vmid, range.templates)) continue;
    const config = await readOrNull(shop, node, vmid, signal);
    if (config === null) continue;
    if (config.values.lock === "create") unclear = true;
    const marker = readBuildMarker(config.values.description ?? "", vmid, shop.signer);
    if (marker?.family === family) return { vmid, node, marker, config };
  }
  return unclear ? "unclear" : null;
}

/** Null for a guest that is hidden from the token, or just gone. */
async function readOrNull({ client }: Workshop, node: NodeName, vmid: Vmid, signal: AbortSignal) {
  try {
    return await client.config(node, vmid, signal);
  } catch (error) {
    if (hasCode(error, "forbidden", "not_found")) return null;
    throw error;
  }
}

/** Null when something came between. */
async function takeOver(shop: Workshop, order: BuildOrder, begun: Begun, signal: AbortSignal): Promise<Claim | null> {
  const { client, clock, signer, holder } = shop;
  const { vmid, node, marker, config } = begun;
  // Our own: the answer to its creation was lost.
  if (marker.holder !== holder && !isAbandoned(marker, clock.now(), shop.isDead)) {
    const until = new Date(marker.until).toISOString();
    throw new DispatcherError(
      "conflict",
      `build of ${order.family}: ${marker.holder} is at it (guest ${vmid} on ${node}, ${marker.phase})`,
      { remedy: `wait for it, or, where that process is over, until ${until}: then its build is taken over` },
    );
  }
  const mine = { ...marker, holder, until: clock.now() + order.patience };
  const description = withBuildMarker(config.values.description ?? "", mine, vmid, signer);
  try {
    // One process takes it: the digest of another that read the same is no longer good.
    await client.putConfig(node, vmid, { set: { description }, digest: config.digest }, signal);
  } catch (error) {
    if (hasCode(error, "conflict", "locked", "lost_answer")) return null;
    throw error;
  }
  return { kind: "taken over", site: siteOf(vmid, node, mine, order), marker: mine };
}

/** Null when somebody else got the VMID. Too short to be stopped halfway: then nobody would remove it. */
async function create(shop: Workshop, order: BuildOrder): Promise<Claim | null> {
  const { signal } = new AbortController();
  const { client, tasks, clock, signer } = shop;
  const { family, node, inputs, runner } = order;
  const vmid = await lowestFree(shop, order, signal);
  const marker: BuildMarker = {
    instance: shop.instance,
    family,
    nonce: newNonce(shop.chance),
    holder: shop.holder,
    until: clock.now() + order.patience,
    phase: "claimed",
    inputs,
    source: sourceOfOrder(order),
    runnerVersion: runner.version,
  };
  const guest = {
    vmid,
    name: `${family}-build`,
    description: withBuildMarker("", marker, vmid, signer),
    pool: order.resourcePool,
    options: hardwareOf(order),
  };
  try {
    const upid = await client.createGuest(node, guest, signal);
    await tasks.finish(upid, `create guest ${vmid} for the template`, { deadline: 2 * MINUTE, signal });
  } catch (error) {
    if (hasCode(error, "already_exists") || /already exists/.test(messageOf(error))) return null;
    // It may have come about all the same: the next look tells.
    if (hasCode(error, "lost_answer")) return null;
    throw error;
  }
  return { kind: "new", site: siteOf(vmid, node, marker, order) };
}

const hardwareOf = ({ cores, memoryMiB, network }: BuildOrder): Readonly<Record<string, string | number>> => ({
  cores,
  memory: memoryMiB,
  cpu: "host",
  ostype: "l26",
  scsihw: "virtio-scsi-single",
  net0: network,
  agent: "enabled=1",
  serial0: "socket",
  onboot: 0,
});

async function lowestFree({ client }: Workshop, { range, family }: BuildOrder, signal: AbortSignal): Promise<Vmid> {
  const { first, last } = range.templates;
  const used = new Set((await client.resources(signal)).map(({ vmid }) => vmid));
  for (let id: number = first; id <= last; id++) {
    if (!used.has(asVmid(id)) && (await client.nextId(asVmid(id), signal)) === "free") return asVmid(id);
  }
  throw new DispatcherError(
    "no_capacity",
    `build of ${family}: the VMIDs ${spellRange(range.templates)} are all used`,
    {
      remedy: "prune templates (dispatcher template prune), or widen the range (TEMPLATE_ID_START, TEMPLATE_ID_END)",
    },
  );
}
