import { admits, outsideEvents } from "../domain/events.ts";
import type { RepositoryName } from "../domain/ids.ts";
import type { JobView } from "../domain/observation.ts";
import { type RunnerPool, repositoriesOf } from "../domain/pool.ts";
import { isFor } from "../domain/runners/labels.ts";
import type { WireRun } from "./wire.ts";

/** Default deny: what is not named here gets no machine of ours. */
export interface Policy {
  readonly publicRepositories: readonly RepositoryName[];
  readonly forksOf: readonly RepositoryName[];
}

/** Why policy keeps a run's jobs from our machines; null when they may run. */
export function refusalOf(run: WireRun, repository: RepositoryName, policy: Policy): string | null {
  if (!run.repository.private && !named(policy.publicRepositories, repository)) {
    return `${repository} is public: anyone could run code on our machines; name it among the policy's public repositories if that is meant`;
  }
  // A fork that was deleted has left no head repository behind.
  const fork = run.head_repository?.id !== run.repository.id;
  if (fork && !named(policy.forksOf, repository)) {
    return `its code comes from a fork of ${repository}: whoever may fork could run code on our machines; name ${repository} among the policy's repositories with forks if that is meant`;
  }
  return null;
}

/** The same job, refused where none of the pools that it fits admits what started its run. */
export function judged(job: JobView, pools: readonly RunnerPool[]): JobView {
  if (job.refused !== null) return job;
  const fitting = pools.filter(({ labels, scope }) => isFor({ labels, repositories: repositoriesOf(scope) }, job));
  if (fitting.length === 0 || fitting.some((pool) => admits(pool.events, job.event))) return job;
  const danger = outsideEvents.includes(job.event)
    ? "others can have their code run so, with the repository's own rights"
    : "the events that may use our machines are listed";
  const names = fitting.map(({ name }) => name).join(", ");
  const refused = `its run was started by ${job.event}: ${danger}; name the event for pool ${names} if that is meant`;
  return { ...job, refused };
}

const named = (names: readonly RepositoryName[], repository: RepositoryName): boolean =>
  names.some((name) => name.toLowerCase() === repository.toLowerCase());
