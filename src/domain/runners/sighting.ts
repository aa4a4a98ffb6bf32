import type { GuestName, PoolName } from "../ids.ts";
import { isUnarmed } from "../marker.ts";
import type { ForgeView, GuestView, JobView, RunnerView } from "../observation.ts";
import { type RunnerPool, repositoriesOf, scopeKeyOf } from "../pool.ts";
import type { Instant } from "../time.ts";
import { noTrace, type Trace } from "./memory.ts";

/**
 * What GitHub says of a guest's runner.
 * awaited: no record yet, one may come (a registration token makes none before the guest used it) · offline: a record that
 * never connected · idle, busy: online; busy too while the guest itself says so · lost: was online, is offline · gone: its record is spent or withdrawn ·
 * unknown: GitHub could not be asked.
 */
export type RunnerSide = "awaited" | "offline" | "idle" | "busy" | "lost" | "gone" | "unknown";

/** One guest as both sides see it. */
export interface Sighting {
  readonly guest: GuestView;
  readonly pool: RunnerPool;
  readonly record: RunnerView | null;
  readonly side: RunnerSide;
  /** The job that GitHub says it works on. */
  readonly job: JobView | null;
  readonly trace: Trace;
}

/** Pairs the guests of our pools with their runners' records, by name. */
export function sight(
  guests: readonly GuestView[],
  pools: readonly RunnerPool[],
  forge: ForgeView,
  traces: ReadonlyMap<GuestName, Trace>,
): readonly Sighting[] {
  const byPool = new Map<PoolName, RunnerPool>(pools.map((pool) => [pool.name, pool]));
  const records = new Map(forge.lists.flatMap((list) => list.runners.map((r) => [`${list.scope} ${r.name}`, r])));
  const working = new Map(forge.jobs.filter((j) => j.status === "in_progress").map((j) => [j.runner, j]));
  return guests.flatMap((guest) => {
    const pool = byPool.get(guest.marker.pool);
    if (pool === undefined || guest.marker.kind !== "runner") return [];
    const record = records.get(`${scopeKeyOf(pool.scope)} ${guest.name}`) ?? null;
    const job = working.get(guest.name) ?? null;
    const trace = traces.get(guest.name) ?? noTrace;
    return [{ guest, pool, record, job, trace, side: sideOf(guest, pool, record, job, trace, forge) }];
  });
}

/** Until when its runner should have come; one that was armed late has its time from then on. */
export const bootDeadlineOf = ({ guest, pool, trace }: Pick<Sighting, "guest" | "pool" | "trace">): Instant =>
  (trace.armedAt ?? bornAt(guest, trace)) + pool.bootDeadline;

/** The clock that stamped the guest may have been ahead of ours: it is not younger than we have watched it. */
const bornAt = ({ marker }: GuestView, { watchedSince }: Trace): Instant =>
  Math.min(marker.created, watchedSince ?? marker.created);

/** When the list was complete that this sighting rests on; null when GitHub could not be asked. */
export const listedAt = (pool: RunnerPool, forge: ForgeView): Instant | null =>
  forge.lists.find((list) => list.scope === scopeKeyOf(pool.scope))?.at ?? null;

/** Whether "no job carries its name" is a proof: all that its runner could serve was asked, and answered. */
export const seesAllJobs = (pool: RunnerPool, forge: ForgeView): boolean =>
  forge.closedPools.has(pool.name) && repositoriesOf(pool.scope).every((name) => !forge.silent.has(name));

function sideOf(
  guest: GuestView,
  pool: RunnerPool,
  record: RunnerView | null,
  job: JobView | null,
  trace: Trace,
  forge: ForgeView,
): RunnerSide {
  if (job !== null || record?.busy) return "busy";
  if (record === null && listedAt(pool, forge) === null) return "unknown";
  // GitHub's list may be late. Until the guest says something else it works, as far as keeping it goes.
  if (trace.look?.state.kind === "job") return "busy";
  if (record !== null) {
    if (record.online) return "idle";
    return trace.seenOnline ? "lost" : "offline";
  }
  if (isUnarmed(guest) && !trace.seenOnline) return "awaited";
  // A JIT config makes its record before the guest starts, so a missing one is spent.
  return pool.registration === "jit" || trace.seenOnline ? "gone" : "awaited";
}
