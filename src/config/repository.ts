import type { RepositoryName } from "../domain/ids.ts";
import { isLoopback, plainUrl } from "./addresses.ts";
import type { Environment } from "./environment.ts";
import { repositoryName } from "./names.ts";
import { at, bad, chain, good, type Read } from "./read.ts";
import { commaList, quote } from "./readers.ts";

/** The repository that the environment names: REPO_URL where given, otherwise REPO_OWNER and REPO_NAME. */
export function readRepository(env: Environment, apiUrl: Read<URL>): Read<RepositoryName> {
  const pair = `${env.text("REPO_OWNER")}/${env.text("REPO_NAME")}`;
  const url = env.given("REPO_URL");
  if (url === null) return at("REPO_OWNER and REPO_NAME", repositoryName(pair));
  return at(
    "REPO_URL",
    chain(inUrl(url, apiUrl), (repository) => {
      const named = env.given("REPO_OWNER") !== null || env.given("REPO_NAME") !== null;
      return named && repository.toLowerCase() !== pair.toLowerCase()
        ? good(repository, `decides: ${repository}; REPO_OWNER and REPO_NAME say ${pair} and are not used`)
        : good(repository);
    }),
  );
}

export const namesRepository = (env: Environment): boolean =>
  env.given("REPO_URL") !== null || env.given("REPO_OWNER") !== null || env.given("REPO_NAME") !== null;

export function readRepositoryList(
  env: Environment,
  name: "ALLOW_PUBLIC_REPOSITORIES" | "ALLOW_FORKS",
): readonly Read<RepositoryName>[] {
  return commaList(env.given(name) ?? "").map((item) => at(name, repositoryName(item)));
}

function inUrl(text: string, apiUrl: Read<URL>): Read<RepositoryName> {
  const url = plainUrl(text);
  if (!url.ok) return bad(...url.problems.map((problem) => `${problem}, as in https://github.com/owner/name`));
  const { hostname, pathname } = url.value;
  const web = apiUrl.ok ? webHostOf(apiUrl.value) : null;
  if (web !== null && hostname.replace(/^www\./, "") !== web) {
    return bad(`is on ${hostname}, but GITHUB_API_URL belongs to ${web}; change one of them`);
  }
  const parts = pathname
    .replace(/\.git\/?$/, "")
    .split("/")
    .filter(Boolean);
  if (parts.length === 1) {
    return bad(
      `${quote(parts[0] ?? "")} is an organisation without a repository; describe its pool in dispatcher.yaml, with ` +
        "github: { organisation, repositories }",
    );
  }
  return repositoryName(parts.join("/"));
}

/** Where people see what the API serves; null where that cannot be told. */
function webHostOf(api: URL): string | null {
  if (isLoopback(api.hostname)) return null;
  return api.hostname === "api.github.com" || api.hostname.endsWith(".ghe.com")
    ? api.hostname.replace(/^api\./, "")
    : api.hostname;
}
