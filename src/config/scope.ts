import { asRepositoryName, type RepositoryName } from "../domain/ids.ts";
import type { Scope } from "../domain/pool.ts";
import type { GithubEntry } from "./file-shape.ts";
import { organisationName, repositoryName } from "./names.ts";
import { at, bad, chain, combine, each, good, type Read } from "./read.ts";
import { quote } from "./readers.ts";

/** A pool's `github`: one repository, or an organisation and those of its repositories that it serves. */
export function readScope(entry: GithubEntry, where: string): Read<Scope> {
  const { repository, organisation, repositories, runner_group } = entry;
  if (repository !== undefined && organisation !== undefined) {
    return bad(`${where}: names a repository and an organisation; keep one of them`);
  }
  if (repository !== undefined) {
    if (repositories !== undefined || runner_group !== undefined) {
      return bad(`${where}: repositories and runner_group belong to an organisation; name one, or remove them`);
    }
    return at(
      `${where}.repository`,
      chain(repositoryName(repository), (name) => good({ kind: "repository", repository: name })),
    );
  }
  if (organisation === undefined) return bad(`${where}: names neither a repository nor an organisation; add one`);
  const scope = combine<Extract<Scope, { kind: "organisation" }>>({
    kind: good("organisation"),
    organisation: at(`${where}.organisation`, organisationName(organisation)),
    repositories: served(organisation, repositories ?? [], `${where}.repositories`),
    runnerGroup: at(
      `${where}.runner_group`,
      runner_group === "" ? bad("is empty; remove it") : good(runner_group ?? null),
    ),
  });
  return scope;
}

function served(organisation: string, names: readonly string[], where: string): Read<readonly RepositoryName[]> {
  if (names.length === 0) {
    return bad(`${where}: is empty; list the repositories whose jobs may run here, no others are watched`);
  }
  return each(
    names.map((name, index) => {
      const full = name.includes("/") ? name : `${organisation}/${name}`;
      const first = names.findIndex((other) => sameRepository(other, name, organisation));
      return at(
        `${where}[${index}]`,
        first < index ? bad(`${quote(name)} repeats [${first}]; keep one`) : owned(full, organisation),
      );
    }),
  );
}

function owned(name: string, organisation: string): Read<RepositoryName> {
  return chain(repositoryName(name), (repository) =>
    repository.toLowerCase().startsWith(`${organisation.toLowerCase()}/`)
      ? good(asRepositoryName(repository))
      : bad(`${quote(name)} does not belong to ${organisation}; give it a pool of its own`),
  );
}

const sameRepository = (a: string, b: string, organisation: string): boolean =>
  inOrganisation(a, organisation) === inOrganisation(b, organisation);

const inOrganisation = (name: string, organisation: string): string =>
  (name.includes("/") ? name : `${organisation}/${name}`).toLowerCase();
