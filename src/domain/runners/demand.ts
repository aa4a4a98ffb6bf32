import type { JobView } from "../observation.ts";
import { type RunnerPool, repositoriesOf } from "../pool.ts";
import type { RunnerWorld } from "./decide.ts";
import { assign } from "./labels.ts";
import type { Sighting } from "./sighting.ts";
import { isServing } from "./stage.ts";

/** What one pool has and should have. Demand is a count: any idle runner may take any fitting job. */
export interface Demand {
  readonly pool: RunnerPool;
  /** Jobs that wait for this pool's runners, oldest first. */
  readonly waiting: readonly JobView[];
  /** Guests that have no job yet and will take one; those being launched among them. */
  readonly ready: number;
  readonly busy: number;
  /** Guests that take room, whatever they do. */
  readonly occupying: number;
}

export const desired = (demand: Demand): number => demand.waiting.length + demand.busy;
export const serving = (demand: Demand): number => demand.ready + demand.busy;

export function demands(world: RunnerWorld, sightings: readonly Sighting[]): readonly Demand[] {
  const counts = world.pools.map((pool) => countOf(pool, world, sightings));
  const queued = world.draining ? [] : world.forge.jobs.filter((job) => job.status === "queued");
  const waiting = assign(
    queued,
    counts.map(({ pool, ready, occupying }) => ({
      name: pool.name,
      labels: pool.labels,
      repositories: repositoriesOf(pool.scope),
      events: pool.events,
      room: Math.max(0, pool.max - occupying) + ready,
    })),
  );
  return counts.map((count) => ({ ...count, waiting: waiting.get(count.pool.name) ?? [] }));
}

/** Operations whose guest is there for a job, now or soon. */
const beginning: ReadonlySet<string> = new Set(["launch", "arm", "scrub"]);

function countOf(pool: RunnerPool, world: RunnerWorld, sightings: readonly Sighting[]): Omit<Demand, "waiting"> {
  const mine = sightings.filter((s) => s.pool.name === pool.name);
  const listed = new Set<string>(mine.map((s) => s.guest.name));
  const launching = new Set(world.hands.filter((h) => h.kind === "launch" && h.pool === pool.name).map((h) => h.key));
  const ending = new Set(world.hands.filter((h) => !beginning.has(h.kind)).map((h) => h.key));
  const served = mine.filter(
    (s) => !launching.has(s.guest.name) && (s.side === "busy" || !ending.has(s.guest.name)) && isServing(s),
  );
  const hidden = world.site.hidden.filter((guest) => guest.pool === pool.name).length;
  const busy = served.filter((s) => s.side === "busy").length;
  return {
    pool,
    ready: served.length - busy + launching.size,
    busy,
    occupying: mine.length + hidden + [...launching].filter((key) => !listed.has(key)).length,
  };
}
