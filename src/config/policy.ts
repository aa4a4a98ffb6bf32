import type { RepositoryName } from "../domain/ids.ts";
import type { Policy } from "./config.ts";
import type { Environment } from "./environment.ts";
import type { Draft } from "./fleet.ts";
import { repositoryName } from "./names.ts";
import type { PoolsFile } from "./pools-file.ts";
import { at, chain, combine, each, good, type Read } from "./read.ts";
import { namesRepository, readRepositoryList } from "./repository.ts";

/** Who named a repository in the environment file wants its jobs, public or not; its forks' jobs they did not name. */
export function readPolicy(
  env: Environment,
  file: PoolsFile | null,
  ownRepository: readonly Read<RepositoryName>[],
): Read<Policy> {
  const policy = file?.shape.policy;
  const inFile = (key: "public_repositories" | "forks_of"): readonly Read<RepositoryName>[] =>
    (policy?.[key] ?? []).map((name, index) => at(`${file?.name}: policy.${key}[${index}]`, repositoryName(name)));
  return combine<Policy>({
    publicRepositories: distinct([
      ...ownRepository,
      ...readRepositoryList(env, "ALLOW_PUBLIC_REPOSITORIES"),
      ...inFile("public_repositories"),
    ]),
    forksOf: distinct([...readRepositoryList(env, "ALLOW_FORKS"), ...inFile("forks_of")]),
  });
}

/** The default repository counts only where some pool serves it. */
export const usesRepository = (env: Environment, drafts: readonly Draft[]): boolean =>
  namesRepository(env) || drafts.some(({ settings }) => settings.scope.origin === "environment");

const distinct = (reads: readonly Read<RepositoryName>[]): Read<readonly RepositoryName[]> =>
  chain(each(reads), (names) => {
    const folded = names.map((name) => name.toLowerCase());
    return good(names.filter((name, index) => folded.indexOf(name.toLowerCase()) === index));
  });
