import type { RepositoryName } from "../domain/ids.ts";
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

const named = (names: readonly RepositoryName[], repository: RepositoryName): boolean =>
  names.some((name) => name.toLowerCase() === repository.toLowerCase());
