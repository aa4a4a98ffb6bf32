import pLimit from "p-limit";
import { hasCode } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/ids.ts";
import { type RunnerPool, repositoriesOf, scopeKeyOf } from "../domain/pool.ts";
import { spell } from "../domain/time.ts";
import { checkEvents } from "./events.ts";
import { distinct, type Patient } from "./examined.ts";
import { attempt, blocks, type Finding, good, unread, warns } from "./finding.ts";
import { checkGroup } from "./groups.ts";

/** The token, what it may do for each pool, and what else GitHub has to allow. */
export async function checkGithub(patient: Patient): Promise<readonly Finding[]> {
  const { github, config, signal } = patient;
  const read = await attempt(github.allowance(signal));
  if (!read.ok && hasCode(read.error, "unauthorized", "unavailable", "timeout")) {
    const what = hasCode(read.error, "unauthorized") ? "GitHub refuses the token" : "GitHub does not answer";
    const remedy =
      read.error.details.remedy ?? "check GITHUB_API_URL, HTTPS_PROXY, and that GitHub can be reached from here";
    return [
      blocks("github", `${what}: ${read.error.message}`, "without it no job is seen and no runner registered", remedy),
      unread("repository", "repositories, runners and runner groups", read.error, remedy),
    ];
  }
  const limit = read.ok
    ? limitOf(patient, read.value)
    : unread("github", "the rate limit", read.error, "mend that first, and call doctor again");
  const repositories = distinct(config.pools.flatMap((pool) => repositoriesOf(pool.scope)));
  const atOnce = pLimit(8);
  const looks = await Promise.all(repositories.map((name) => atOnce(() => checkRepository(patient, name))));
  const findings: Finding[] = [limit, ...looks.flat(), ...config.pools.map(checkEvents)];
  for (const scope of distinct(config.pools.map((pool) => scopeKeyOf(pool.scope)))) {
    const pools = config.pools.filter((pool) => scopeKeyOf(pool.scope) === scope);
    findings.push(...(await checkRunners(patient, pools)));
  }
  return findings;
}

function limitOf(
  { clock }: Patient,
  allowance: { readonly limit: number; readonly left: number; readonly resetsAt: number } | null,
): Finding {
  if (allowance === null) return good("github", "GitHub answers to the token, without a rate limit");
  const { limit, left, resetsAt } = allowance;
  const what = `${left} of ${limit} calls of this hour are left`;
  const why = "at none GitHub answers nothing until the hour is over, so jobs wait";
  const remedy = `wait ${spell(Math.max(0, resetsAt - clock.now()))}, give dispatcher a token of another account, or raise POLL_INTERVAL`;
  if (left === 0) return blocks("github", what, why, remedy);
  return left < limit / 10
    ? warns("github", what, why, remedy)
    : good("github", `GitHub answers to the token: ${what}`);
}

const clicks = "in GitHub: Settings, Developer settings, Fine-grained tokens, the token, ";

async function checkRepository(patient: Patient, name: RepositoryName): Promise<readonly Finding[]> {
  const { github, signal } = patient;
  const read = await attempt(github.repository(name, signal));
  if (!read.ok) {
    if (!hasCode(read.error, "not_found")) return [refused("repository", `repository ${name}`, read.error)];
    const remedy = `check how it is spelled (REPO_OWNER, REPO_NAME), and ${clicks}Repository access: add ${name}`;
    const why = "none of its jobs is seen";
    return [blocks("repository", `repository ${name} does not exist, or the token does not see it`, why, remedy)];
  }
  const findings = [...(await policyOf(patient, name, read.value.private))];
  const runs = await attempt(github.readRuns(name, signal));
  if (runs.ok) findings.push(good("repository", `the runs of ${name} can be read`));
  else if (hasCode(runs.error, "forbidden", "not_found")) {
    findings.push(
      blocks("repository", runs.error.message, "no job of it is seen", `${clicks}Actions: read, for ${name}`),
    );
  } else findings.push(refused("repository", `the runs of ${name}`, runs.error));
  return findings;
}

/** Who could run code on our machines. */
async function policyOf(
  { config, github, signal }: Patient,
  name: RepositoryName,
  isPrivate: boolean,
): Promise<readonly Finding[]> {
  const named = (names: readonly string[]): boolean => names.some((one) => one.toLowerCase() === name.toLowerCase());
  const { publicRepositories, forksOf } = config.policy;
  if (!isPrivate && !named(publicRepositories)) {
    const remedy = `make it private, or, if that is meant, ALLOW_PUBLIC_REPOSITORIES=${name}`;
    return [
      blocks("repository", `${name} is public`, "its jobs are refused: anyone could run code on our machines", remedy),
    ];
  }
  const page = `https://${config.github.apiUrl.host.replace(/^api\./, "")}/${name}/settings/actions`;
  if (isPrivate) {
    if (!named(forksOf)) return [good("repository", `${name} is private, and jobs of its forks are refused`)];
    const read = await attempt(github.privateForks(name, signal));
    if (!read.ok) return [unread("repository", `the fork policy of ${name}`, read.error, `look at ${page}`)];
    if (!read.value.run || read.value.approved) {
      return [good("repository", `${name} is private; pull requests from its forks do not run without an approval`)];
    }
    const why = "whoever may fork runs code on our machines";
    const remedy = `${page}: require approval for fork pull request workflows`;
    return [warns("repository", `pull requests from forks of ${name} run without an approval`, why, remedy)];
  }
  if (!named(forksOf))
    return [good("repository", `${name} is public, is allowed by name, and jobs of its forks are refused`)];
  const read = await attempt(github.forkApproval(name, signal));
  if (!read.ok) return [unread("repository", `the fork policy of ${name}`, read.error, `look at ${page}`)];
  if (read.value === "all_external_contributors") {
    return [good("repository", `${name} is public; every pull request from outside waits for an approval`)];
  }
  const why = "whoever had one change accepted runs code on our machines";
  const remedy = `${page}: require approval for all external contributors`;
  return [
    warns(
      "repository",
      `${name} is public, its forks are allowed, and not all of them wait for an approval`,
      why,
      remedy,
    ),
  ];
}

/** Registering cannot be tried without doing it: that the list can be read is the nearest proof. */
async function checkRunners(patient: Patient, pools: readonly RunnerPool[]): Promise<readonly Finding[]> {
  const { github, signal } = patient;
  const [first] = pools;
  if (first === undefined) return [];
  const key = scopeKeyOf(first.scope);
  const findings: Finding[] = [];
  const read = await attempt(github.readRunners(key, signal));
  if (read.ok) {
    findings.push(
      good("github", `the runners of ${key} can be listed; that they may be registered shows at the first job`),
    );
  } else if (hasCode(read.error, "forbidden", "not_found")) {
    const permission =
      first.scope.kind === "repository" ? "Administration" : "Self-hosted runners (of the organisation)";
    const remedy = `${clicks}${permission}: read and write`;
    findings.push(blocks("github", read.error.message, "no runner can be registered or removed", remedy));
  } else findings.push(refused("github", `the runners of ${key}`, read.error));
  const administered =
    first.scope.kind === "repository" ? await attempt(github.repository(first.scope.repository, signal)) : null;
  if (read.ok && administered?.ok && administered.value.administered === false) {
    const remedy = "make the token with an account that administers it, or give this one the role Admin";
    findings.push(
      blocks("github", `the token's owner does not administer ${key}`, "runners cannot be registered", remedy),
    );
  }
  if (read.ok && first.scope.kind === "organisation") {
    for (const pool of pools) findings.push(...(await checkGroup(patient, pool)));
  }
  return findings;
}

const refused = (subject: "repository" | "github", what: string, error: unknown): Finding =>
  unread(subject, what, error, "mend that first, and call doctor again");
