import type { PoolName, Vmid } from "../ids.ts";
import { nonceIn } from "../naming.ts";
import type { RunnerView } from "../observation.ts";
import { instanceLabel, type ScopeKey, type StoreName, scopeKeyOf } from "../pool.ts";
import { type Instant, spell } from "../time.ts";
import { inRange } from "../vmids.ts";
import type { Action } from "./actions.ts";
import type { RunnerWorld } from "./decide.ts";
import type { Memory } from "./memory.ts";
import { orphanRecord } from "./patience.ts";

/** A record that is provably ours, offline, and has no guest. */
export interface Orphan {
  readonly runner: RunnerView;
  readonly scope: ScopeKey;
  readonly pool: PoolName;
}

export function orphansIn(
  { instance, pools, site, forge }: RunnerWorld,
  inHand: ReadonlySet<string>,
): readonly Orphan[] {
  const label = instanceLabel(instance);
  const guests = new Set<string>(site.guests.map((g) => g.name));
  // One of those that nobody can read may be the record's guest.
  const unclear = new Set(site.hidden.map((guest) => guest.pool));
  return forge.lists.flatMap(({ scope, runners }) =>
    runners.flatMap((runner) => {
      const pool = pools.find((p) => scopeKeyOf(p.scope) === scope && nonceIn(runner.name, p.guest.prefix) !== null);
      const ours = runner.ephemeral && runner.labels.some((l) => l.toLowerCase() === label);
      if (pool === undefined || !ours || runner.online || runner.busy) return [];
      if (guests.has(runner.name) || inHand.has(runner.name) || unclear.has(pool.name)) return [];
      return [{ runner, scope, pool: pool.name }];
    }),
  );
}

export const forgets = (
  orphans: readonly Orphan[],
  memory: Memory,
  world: RunnerWorld,
  now: Instant,
): readonly Action[] =>
  orphans.flatMap(({ runner, scope, pool }) => {
    const age = now - (memory.orphans.get(runner.id) ?? now);
    const destroyed = world.destroyed.has(runner.name);
    if ((age < orphanRecord && !destroyed) || world.resting.has(runner.name)) return [];
    const why = destroyed ? "its guest was removed" : `its record has had no guest for ${spell(age)}`;
    return [{ kind: "forget" as const, pool, why, record: { scope, id: runner.id }, name: runner.name }];
  });

/** The key under which a seed is in our hands. */
export const seedKey = (seed: { readonly store: StoreName; readonly vmid: Vmid }): string =>
  `seed ${seed.store} ${seed.vmid}`;

/** Seeds whose guest is gone. Whether the VMID is free is asked again before the seed goes. */
export function sweeps({ site, pools, resting }: RunnerWorld, inHand: ReadonlySet<string>): readonly Action[] {
  const guests = new Set([...site.guests, ...site.hidden].map((g) => g.vmid));
  return site.seeds.flatMap(({ vmid, node, store }) => {
    const pool = pools.find((p) => inRange(vmid, p.guest.range));
    const key = seedKey({ store, vmid });
    if (pool === undefined || guests.has(vmid)) return [];
    if (inHand.has(key) || resting.has(key)) return [];
    return [{ kind: "sweep" as const, pool: pool.name, why: "its guest is gone", vmid, node, store }];
  });
}
