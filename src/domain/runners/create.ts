import type { NodeName } from "../ids.ts";
import type { ForgeView, JobView } from "../observation.ts";
import { blocksOf, place } from "../placement.ts";
import { type RunnerPool, scopeKeyOf } from "../pool.ts";
import type { Action, Note } from "./actions.ts";
import type { Trial } from "./boots.ts";
import type { RunnerWorld } from "./decide.ts";
import { type Demand, desired, serving } from "./demand.ts";
import { fits, hostedLabels, isSelfHosted } from "./labels.ts";
import { restBlocks, templateOf } from "./rests.ts";

/** create = min(desired − serving, max − occupying): demand against those who serve, the cap against all who take room. */
export function create(
  world: RunnerWorld,
  demands: readonly Demand[],
  trialOf: (pool: RunnerPool) => Trial | null,
): readonly (Action | Note)[] {
  const guestsOn = countNodes(world);
  const steps: (Action | Note)[] = [];
  const begun = new Set<string>();
  let totalRoom = world.maxTotal - demands.reduce((sum, demand) => sum + demand.occupying, 0);
  for (const demand of demands) {
    const template = templateOf(demand.pool.guest);
    const trial = trialOf(demand.pool);
    const limit = trial !== null && begun.has(template) ? { ...trial, most: 0 as const } : trial;
    const launches = launchesFor(demand, { totalRoom, limit }, world, guestsOn);
    if (launches.some((step) => "kind" in step)) begun.add(template);
    totalRoom -= launches.filter((step) => "kind" in step).length;
    // A pool that found no node has said why already.
    const said = launches.some((step) => !("kind" in step));
    steps.push(...launches, ...(said ? [] : blockNotes(demand.pool, world)), ...hiddenNotes(demand.pool, world));
  }
  return [...steps, ...refusals(world.forge.jobs), ...unmatched(world), ...silences(world.forge)];
}

function launchesFor(
  demand: Demand,
  { totalRoom, limit }: { readonly totalRoom: number; readonly limit: Trial | null },
  world: RunnerWorld,
  guestsOn: Map<NodeName, number>,
): readonly (Action | Note)[] {
  const { pool, occupying } = demand;
  const room = Math.max(0, Math.min(pool.max - occupying, totalRoom));
  const missing = desired(demand) - serving(demand);
  const sum = `serving ${serving(demand)} of ${desired(demand)} desired, room for ${room}`;
  if (missing <= 0) return [];
  const rest = world.resting.get(`pool ${pool.name}`);
  if (rest !== undefined) return [{ about: pool.name, text: `${sum}; ${rest}` }];
  // Who cannot list runners cannot tell which guests serve, and could most likely not register one either.
  if (world.forge.silentScopes.has(scopeKeyOf(pool.scope))) {
    return [{ about: pool.name, text: `${sum}; nothing is launched while GitHub does not list its runners` }];
  }
  if (room === 0) return [{ about: pool.name, text: `${sum}: ${fullness(demand, world)}` }];

  const steps: (Action | Note)[] = [];
  const blocks = [...world.site.blocks, ...restBlocks(pool, world.pools, world.resting)];
  // The oldest jobs are the ones that the ready runners will take: the launches are for the others.
  for (const job of demand.waiting.slice(demand.ready).slice(0, room)) {
    if (limit !== null && steps.length >= limit.most) {
      return [...steps, { about: pool.name, text: `${sum}; ${limit.why}` }];
    }
    const spot = place(pool.guest, world.site.nodes, blocks, guestsOn);
    if (spot.kind === "nowhere") {
      return [...steps, { about: pool.name, text: `${sum}; no node can take a guest: ${spot.reasons.join("; ")}` }];
    }
    guestsOn.set(spot.node, (guestsOn.get(spot.node) ?? 0) + 1);
    steps.push(launch(pool, spot.node, job, sum));
  }
  return steps;
}

const launch = (pool: RunnerPool, node: NodeName, job: JobView, sum: string): Action => ({
  kind: "launch",
  pool: pool.name,
  why: `job ${job.name} of ${job.repository} waits; ${sum}`,
  node,
  job: { repository: job.repository, id: job.id },
});

function countNodes({ site, hands }: RunnerWorld): Map<NodeName, number> {
  const counts = new Map<NodeName, number>();
  const listed = new Set<string>(site.guests.map((g) => g.name));
  const pending = hands.filter((h) => h.kind === "launch" && !listed.has(h.key));
  for (const { node } of [...site.guests, ...pending]) if (node !== null) counts.set(node, (counts.get(node) ?? 0) + 1);
  return counts;
}

const fullness = ({ pool, occupying }: Demand, world: RunnerWorld): string =>
  occupying >= pool.max
    ? `${occupying} guests of at most ${pool.max}`
    : `all pools together are at their limit of ${world.maxTotal} guests`;

const hiddenNotes = ({ name }: RunnerPool, { site }: RunnerWorld): readonly Note[] =>
  site.hidden
    .filter((guest) => guest.pool === name)
    .map(({ vmid, why }) => ({ about: vmid === null ? name : `VMID ${vmid}`, text: why }));

const blockNotes = (pool: RunnerPool, { site }: RunnerWorld): readonly Note[] =>
  blocksOf(pool.name, site.blocks).map((block) => ({ about: `${pool.name} on ${block.node}`, text: block.why }));

/** Whoever misspells a label waits for ever: GitHub says nothing, so we do. Jobs for GitHub's own machines are not ours. */
const unmatched = ({ forge, pools }: RunnerWorld): readonly Note[] =>
  forge.jobs.flatMap((job) => {
    if (job.status !== "queued" || job.refused !== null || pools.some((pool) => fits(job.labels, pool.labels)))
      return [];
    if (hostedLabels(job.labels).length > 0 && !job.labels.some(isSelfHosted)) return [];
    const asked = job.labels.join(", ") || "a runner group";
    return [{ about: `job ${job.id}`, text: `${job.name} of ${job.repository} gets no guest: no pool has ${asked}` }];
  });

const silences = ({ silent, silentScopes }: ForgeView): readonly Note[] =>
  [...silent, ...silentScopes].map(([about, why]) => ({ about: `GitHub, ${about}`, text: why }));

const refusals = (jobs: readonly JobView[]): readonly Note[] =>
  jobs.flatMap((job) =>
    job.status === "in_progress" || job.refused === null
      ? []
      : [{ about: `job ${job.id}`, text: `${job.name} of ${job.repository} gets no guest: ${job.refused}` }],
  );
