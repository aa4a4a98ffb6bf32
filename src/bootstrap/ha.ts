import { hasCode } from "../domain/errors.ts";
import type { Vmid } from "../domain/ids.ts";
import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import { type HaState, haCalls } from "../proxmox/ha-calls.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import { madeGuests } from "./guests.ts";
import { note, readRecord } from "./record.ts";
import type { Tools } from "./tools.ts";

type Reach = Pick<Tools, "http" | "record" | "tell">;

/** What the HA manager is to mind: `stopped` means that it moves a guest off a failed node and never starts it. */
export interface HaWish {
  readonly sid: string;
  readonly state: "started" | "stopped";
}

/** Tried on its own node twice, and then on others: a node that has failed does not answer at all. */
const limits = { restarts: 2, relocations: 2 };

export const haNameOf = (vmid: Vmid): string => `ct:${vmid}`;

/** What PVE's HA manager is asked to do about the container; null: it is none of its, or this login may not know. */
export async function haStateOf(
  { http }: Pick<Reach, "http">,
  vmid: Vmid,
  signal: AbortSignal,
): Promise<HaState | null> {
  const all = await haCalls(http)
    .haResources(signal)
    .catch((error: unknown) => {
      if (hasCode(error, "forbidden")) return [];
      throw error;
    });
  return all.find(({ sid }) => sid === haNameOf(vmid))?.state ?? null;
}

/** The container, and the guests that carry the leases: without these it would start elsewhere, and change nothing. */
export async function missingHa(
  tools: Tools,
  wish: BootstrapWish,
  { vmid, signer }: { readonly vmid: Vmid; readonly signer: Signer },
  signal: AbortSignal,
): Promise<readonly HaWish[]> {
  const all = new Map((await haCalls(tools.http).haResources(signal)).map(({ sid, state }) => [sid, state]));
  const { leases } = await madeGuests(tools, wish, signer, signal);
  const wanted: readonly HaWish[] = [
    { sid: haNameOf(vmid), state: "started" },
    ...leases.map((lease) => ({ sid: `vm:${lease.vmid}`, state: "stopped" as const })),
  ];
  return wanted.filter(({ sid, state }) => all.get(sid) !== state);
}

export async function joinHa({ http, tell }: Reach, missing: readonly HaWish[], signal: AbortSignal): Promise<void> {
  const calls = haCalls(http);
  const known = new Set((await calls.haResources(signal)).map(({ sid }) => sid));
  for (const { sid, state } of missing) {
    if (known.has(sid)) await calls.setHaState(sid, state, signal);
    else await calls.addHaResource({ sid, state }, limits, signal);
    tell(`made        HA resource ${sid}`);
  }
}

/** Guests that are removed take theirs along; a container's goes before it is stopped. */
export async function leaveHa(reach: Reach, vmid: Vmid, signal: AbortSignal): Promise<void> {
  if ((await haStateOf(reach, vmid, signal)) === null) return;
  await haCalls(reach.http).removeHaResource(haNameOf(vmid), signal);
  reach.tell(`removed     HA resource ${haNameOf(vmid)}`);
}

/** Stopping and starting a container that the HA manager minds would be orders to it: meanwhile it keeps its hands off. */
export async function withoutHa<T>(reach: Reach, vmid: Vmid, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const { http, record } = reach;
  const calls = haCalls(http);
  const state = await haStateOf(reach, vmid, signal);
  if (state === null) return work();
  // Whoever was cut short in here has noted what it was before.
  const before = readRecord(record).ha ?? state;
  if (before === "ignored") return work();
  note(record, { ha: before });
  await calls.setHaState(haNameOf(vmid), "ignored", signal);
  try {
    return await work();
  } finally {
    await calls.setHaState(haNameOf(vmid), before, AbortSignal.timeout(MINUTE));
    note(record, { ha: null });
  }
}
