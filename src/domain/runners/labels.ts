import { admits, type EventRule } from "../events.ts";
import type { PoolName, RepositoryName } from "../ids.ts";
import type { JobView } from "../observation.ts";

/** What decides whether a pool may take a job, and how many more it may take. */
export interface Taker {
  readonly name: PoolName;
  /** With or without `self-hosted`, which every runner carries. */
  readonly labels: readonly string[];
  readonly repositories: readonly RepositoryName[];
  readonly events: EventRule;
  readonly room: number;
}

/** Would GitHub give a job with these labels to a runner of this pool, and do we want it to? */
export function fits(jobLabels: readonly string[], poolLabels: readonly string[]): boolean {
  // A job that names only a runner group shows no labels at all: which runner it wants cannot be known here.
  if (jobLabels.length === 0) return false;
  const wanted = jobLabels.map(lower);
  if (wanted.some(isHostedLabel) && !wanted.includes(selfHosted)) return false;
  const offered = new Set([selfHosted, ...poolLabels.map(lower)]);
  return wanted.every((label) => offered.has(label));
}

/** Would GitHub give this job to a runner of this pool? */
export const isFor = (pool: Pick<Taker, "labels" | "repositories">, job: JobView): boolean =>
  pool.repositories.some((repository) => lower(repository) === lower(job.repository)) && fits(job.labels, pool.labels);

/**
 * Which waiting jobs each pool should serve, oldest first. Two fitting pools: the one with fewest labels, then the
 * first in the file; the next one when it is full. Where all are full, a job waits at its first choice.
 */
export function assign(jobs: readonly JobView[], pools: readonly Taker[]): ReadonlyMap<PoolName, readonly JobView[]> {
  const taken = new Map<PoolName, JobView[]>(pools.map((pool) => [pool.name, []]));
  const loadOf = (pool: Taker): number => taken.get(pool.name)?.length ?? 0;
  // Array sorting is stable: pools with equally many labels stay in the order of the file.
  const ordered = pools.toSorted((a, b) => countOf(a.labels) - countOf(b.labels));

  for (const job of jobs.filter(mayWait).toSorted(byAge)) {
    const choices = ordered.filter((pool) => serves(pool, job));
    const pool = choices.find((choice) => loadOf(choice) < choice.room) ?? choices[0];
    if (pool !== undefined) taken.get(pool.name)?.push(job);
  }
  return taken;
}

/** The names by which GitHub offers machines of its own, as in `ubuntu-24.04-arm`, `windows-latest`, `macos-15-xlarge`. */
export const isHostedLabel = (label: string): boolean =>
  /^(ubuntu|windows|macos)-(latest|slim|\d[\d.]*)(-[\w.]+)*$/i.test(label.trim());

/** Those a job can ask of a runner of ours only together with `self-hosted`. */
export const hostedLabels = (labels: readonly string[]): readonly string[] => labels.filter(isHostedLabel);

export const isSelfHosted = (label: string): boolean => lower(label) === selfHosted;

const selfHosted = "self-hosted";

const lower = (text: string): string => text.toLowerCase();

const countOf = (labels: readonly string[]): number => new Set(labels.map(lower)).add(selfHosted).size;

const mayWait = (job: JobView): boolean => job.status === "queued" && job.refused === null;

const byAge = (a: JobView, b: JobView): number => a.createdAt - b.createdAt || a.id - b.id;

const serves = (pool: Taker, job: JobView): boolean => isFor(pool, job) && admits(pool.events, job.event);
