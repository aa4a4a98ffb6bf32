import { notAllowed, notFound, Refusal } from "./refusal.ts";
import type { TokenSpec } from "./spec.ts";
import { type Organisation, type Repository, same } from "./state.ts";

/** What one caller may do. Each call throws the refusal that GitHub would answer. */
export interface Access {
  readonly token: TokenSpec;
  repository(name: string): Repository;
  /** Runs and jobs. */
  actions(name: string): Repository;
  /** Runners of a repository. */
  administration(name: string): Repository;
  organisation(login: string): Organisation;
  /** Runners of an organisation. */
  runnersOf(login: string): Organisation;
}

export interface Places {
  readonly repositories: readonly Repository[];
  readonly organisations: readonly Organisation[];
}

export function accessOf(authorization: string | null, tokens: readonly TokenSpec[], places: Places): Access {
  if (authorization === null) throw new Refusal(401, "Requires authentication");
  const given = authorization.replace(/^(bearer|token)\s+/i, "");
  const token = tokens.find((known) => known.token === given);
  if (token === undefined) throw new Refusal(401, "Bad credentials");
  const listed = (repository: Repository): boolean =>
    token.repositories === "all" || token.repositories.some((name) => same(name, repository.name));

  function repository(name: string): Repository {
    const found = places.repositories.find((r) => same(r.name, name));
    if (found === undefined || (found.private && !listed(found))) throw notFound();
    return found;
  }

  function organisation(login: string): Organisation {
    const found = places.organisations.find((o) => same(o.login, login));
    if (found === undefined) throw notFound();
    return found;
  }

  return {
    token,
    repository,
    organisation,

    actions(name) {
      const found = repository(name);
      if (found.private && token.actions === "none") throw notAllowed();
      return found;
    },

    administration(name) {
      const found = repository(name);
      if (token.administration !== "write" || !listed(found)) throw notAllowed();
      return found;
    },

    runnersOf(login) {
      const found = organisation(login);
      if (token.selfHostedRunners !== "write") throw notAllowed();
      return found;
    },
  };
}
