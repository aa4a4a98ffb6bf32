import { hasCode } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/ids.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { RunnerGroup } from "../github/inspect.ts";
import type { Patient } from "./examined.ts";
import { attempt, blocks, type Finding, good, unread, warns } from "./finding.ts";

/** The runner group of an organisation's pool: that it exists, and whom it admits. */
export async function checkGroup(patient: Patient, { name, scope }: RunnerPool): Promise<readonly Finding[]> {
  if (scope.kind === "repository") return [];
  const { github, config, signal } = patient;
  const { organisation, runnerGroup, repositories } = scope;
  const page = `https://${config.github.apiUrl.host.replace(/^api\./, "")}/organizations/${organisation}/settings/actions/runner-groups`;
  const read = await attempt(github.groups(organisation, signal));
  if (!read.ok) return [unread("runner group", `the runner groups of ${organisation}`, read.error, `look at ${page}`)];
  const group = groupOf(read.value, runnerGroup);
  if (group === null) {
    const found = read.value.map((one) => one.name).join(", ");
    const remedy = `make it (${page}), or set runner_group of pool ${name} to one of: ${found}`;
    const which = runnerGroup ?? "the default one";
    return [
      blocks(
        "runner group",
        `runner group ${which} does not exist in ${organisation}`,
        "no runner of the pool can be registered",
        remedy,
      ),
    ];
  }
  const findings: Finding[] = [...(await closed(patient, publicOf(patient, scope), group, page))];
  const called = `runner group ${group.name} of ${organisation}`;
  if (group.visibility !== "selected") {
    const why =
      "runners may take jobs of repositories that are not watched, so that no job runs cannot be proven: " +
      "an idle guest waits for its power-off or its hard lifetime";
    findings.push(
      warns(
        "runner group",
        `${called} admits more than the pool's repositories`,
        why,
        `${page}: ${group.name}, Repository access: Selected repositories`,
      ),
    );
    return findings;
  }
  const admitted = await attempt(github.groupRepositories(organisation, group.id, signal));
  if (!admitted.ok)
    return [...findings, unread("runner group", `the repositories of ${called}`, admitted.error, `look at ${page}`)];
  const names = new Set(admitted.value.map((one) => one.toLowerCase()));
  const lacking = repositories.filter((one) => !names.has(one.toLowerCase()));
  const listed = new Set(repositories.map((one) => one.toLowerCase()));
  const others = admitted.value.filter((one) => !listed.has(one.toLowerCase()));
  if (lacking.length > 0) {
    const why = "their jobs never get a runner of the pool, though guests are launched for them";
    findings.push(
      blocks(
        "runner group",
        `${called} does not admit ${lacking.join(", ")}`,
        why,
        `${page}: ${group.name}, Selected repositories: add them`,
      ),
    );
  }
  if (others.length > 0) {
    const why = "runners may take their jobs, which are not watched, so that no job runs cannot be proven";
    findings.push(
      warns(
        "runner group",
        `${called} also admits ${others.join(", ")}`,
        why,
        `${page}: ${group.name}, Selected repositories: remove them, or list them in pool ${name}`,
      ),
    );
  }
  return findings.length > 0
    ? findings
    : [good("runner group", `${called} admits the repositories of pool ${name} and no others`)];
}

const groupOf = (groups: readonly RunnerGroup[], name: string | null): RunnerGroup | null =>
  groups.find((group) => (name === null ? group.isDefault : group.name.toLowerCase() === name.toLowerCase())) ?? null;

/** Repositories of the pool that are public by policy: whether they really are is told where they are looked at. */
function publicOf(
  { config }: Patient,
  { repositories }: { readonly repositories: readonly RepositoryName[] },
): readonly RepositoryName[] {
  const allowed = new Set(config.policy.publicRepositories.map((one) => one.toLowerCase()));
  return repositories.filter((one) => allowed.has(one.toLowerCase()));
}

/** A group may be closed to public repositories, whatever its list says. */
async function closed(
  { github, signal }: Patient,
  names: readonly RepositoryName[],
  group: RunnerGroup,
  page: string,
): Promise<readonly Finding[]> {
  if (group.admitsPublic !== false) return [];
  const findings: Finding[] = [];
  for (const name of names) {
    const read = await attempt(github.repository(name, signal));
    if (!read.ok && !hasCode(read.error, "not_found")) continue;
    if (read.ok && !read.value.private) {
      const why = "its jobs never get a runner of this group";
      findings.push(
        blocks(
          "runner group",
          `runner group ${group.name} is closed to public repositories, and ${name} is one`,
          why,
          `${page}: ${group.name}, Allow public repositories`,
        ),
      );
    }
  }
  return findings;
}
