import { DispatcherError } from "../domain/errors.ts";
import { asStorageName } from "../domain/ids.ts";
import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import type { GuestSummary } from "../proxmox/client.ts";
import { findPieces } from "../proxmox/setup/access.ts";
import { stateOf } from "../proxmox/setup/difference.ts";
import { spellPiece } from "../proxmox/setup/pieces.ts";
import { takeDown } from "../proxmox/setup/setup.ts";
import { secretOf } from "./access.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import { awaitCreation, type FoundContainer, findContainer } from "./find.ts";
import { madeGuests } from "./guests.ts";
import { haNameOf, haStateOf } from "./ha.ts";
import { destroyContainer, removeVolume } from "./make.ts";
import { readRecord } from "./record.ts";
import type { Tools } from "./tools.ts";

/** Container, template, leases, seeds, and what PVE got for the token: what was made here, and nothing else. */
export async function uninstall(
  tools: Tools,
  wish: BootstrapWish,
  confirm: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<"done" | "nothing to do" | "declined"> {
  const { tell, http } = tools;
  const record = readRecord(tools.record);
  await awaitCreation(tools, wish.node, record, signal);
  const secret = wish.tokenSecret ?? secretOf(record.tokenSecret);
  const signer = secret === null ? null : wish.signer(secret);
  const container = await findContainer(tools, wish.instance, signer, signal);
  const left = signer === null ? { leases: [], seeds: [] } : await leftBehind(tools, wish, signer, signal);
  const found = wish.access === null ? null : await findPieces(http, signal);
  const pieces = (wish.access ?? []).filter((piece) => found !== null && stateOf(piece, found).kind !== "missing");
  const template = await templateOf(tools, wish, container, record.template, signal);
  const inHa = container !== null && (await haStateOf(tools, container.vmid, signal)) !== null;
  const lines = [
    ...(inHa && container !== null ? [`remove      HA resource ${haNameOf(container.vmid)}`] : []),
    ...(container === null ? [] : [`remove      container ${container.vmid} on ${container.node}`]),
    ...left.leases.map(({ vmid }) => `remove      guest ${vmid}, which carries the lease`),
    ...left.seeds.map((volume) => `remove      seed ${volume}`),
    ...(template === null ? [] : [`remove      template ${template}`]),
    ...pieces.map((piece) => `remove      ${spellPiece(piece)}, where it was made here`),
  ];
  for (const line of lines) tell(line);
  if (lines.length === 0) {
    tools.record.remove();
    return "nothing to do";
  }
  if (!(await confirm())) return "declined";
  if (container !== null) await destroyContainer(tools, container, signal);
  for (const { node, vmid } of left.leases) {
    const upid = await tools.client.destroy(node, vmid, signal);
    await tools.tasks.finish(upid, `remove guest ${vmid}`, { deadline: 5 * MINUTE, signal });
  }
  for (const volume of left.seeds) await removeVolume(tools, wish.node, volume, signal);
  if (template !== null) await removeVolume(tools, wish.node, template, signal);
  if (wish.access !== null) await takeDown(http, wish.access, tell, signal);
  tools.record.remove();
  return "done";
}

interface Left {
  readonly leases: readonly GuestSummary[];
  readonly seeds: readonly string[];
}

/** What the daemon made. Its guests are waited for: each may have a job. */
async function leftBehind(tools: Tools, wish: BootstrapWish, signer: Signer, signal: AbortSignal): Promise<Left> {
  const { client } = tools;
  const { instance, node, access } = wish;
  const { leases, serving } = await madeGuests(tools, wish, signer, signal);
  if (serving.length > 0) {
    throw new DispatcherError(
      "conflict",
      `uninstall: guests ${serving.join(", ")} still serve dispatcher ${instance}`,
      {
        remedy: "let their jobs end (stop the workflows, and the daemon removes them), then ask again",
      },
    );
  }
  const storages = (access ?? []).flatMap((piece) => (piece.kind === "storage" ? [piece.id] : []));
  const seeds: string[] = [];
  for (const storage of storages) {
    const volumes = await client.volumes(node, asStorageName(storage), "iso", signal).catch(() => []);
    for (const { volid } of volumes) {
      const name = volid.slice(volid.indexOf("/") + 1);
      if (name.startsWith(`${instance}-`) && /^\d+\.iso$/.test(name.slice(instance.length + 1))) seeds.push(volid);
    }
  }
  return { leases, seeds };
}

/** The one that was fetched for it, as its marker says, or as was noted before it was there. */
async function templateOf(
  { client }: Tools,
  { container: { templates }, node }: BootstrapWish,
  container: FoundContainer | null,
  noted: string | null,
  signal: AbortSignal,
): Promise<string | null> {
  const volume = container?.marker.template ?? noted;
  if (volume === null) return null;
  const there = await client.volumes(node, templates, "vztmpl", signal);
  return there.some(({ volid }) => volid === volume) ? volume : null;
}
