import { githubApiUrl, readListen } from "../../config/addresses.ts";
import { readLabels } from "../../config/labels.ts";
import * as names from "../../config/names.ts";
import { maxReader } from "../../config/pool-readers.ts";
import { bad, chain, good, type Reader } from "../../config/read.ts";
import { commaList, quote } from "../../config/readers.ts";
import { messageOf } from "../../domain/errors.ts";
import type { Secret } from "../../domain/secret.ts";
import type { GithubInspector } from "../../github/inspect.ts";
import type { Work } from "./answers.ts";
import { several } from "./ask-place.ts";
import type { Interview } from "./interview.ts";

/** GitHub, in the token's name. */
export interface Forge {
  readonly inspector: GithubInspector;
  /** Full names of the repositories that the token's owner administers, as far as GitHub lists them. */
  administered(signal: AbortSignal): Promise<readonly string[]>;
}

/** Whose jobs get guests. Null: the interview's problems say what is wrong. */
export async function askWork(
  interview: Interview,
  env: Readonly<Record<string, string | undefined>>,
  openForge: (apiUrl: URL, token: Secret) => Forge,
  signal: AbortSignal,
): Promise<Work | null> {
  const apiUrl = await interview.ask({
    key: "github_api_url",
    what: "GitHub's API",
    reader: githubApiUrl,
    fallback: env.GITHUB_API_URL?.trim() || "https://api.github.com",
  });
  const token = await interview.askSecret({
    key: "github_token",
    what: 'a GitHub token with Actions "read" and Administration "read and write"',
    variables: ["GITHUB_TOKEN"],
    needed: true,
  });
  const forge = apiUrl === null || token === null ? null : openForge(apiUrl, token);
  const offered = (await forge?.administered(signal).catch((error: unknown) => told(interview, error))) ?? [];
  const repositories = await interview.ask({
    key: "repositories",
    what: "repositories whose jobs get guests (owner/name; commas between them)",
    reader: several(names.repositoryName),
    fallback: offered.length === 1 ? (offered[0] ?? null) : null,
    found: offered,
  });
  const owners = [...new Set((repositories ?? []).map((name) => (name.split("/")[0] ?? "").toLowerCase()))];
  const organisation = await interview.ask({
    key: "organisation",
    what: "the organisation that the runners register with, or none for a single repository's runners",
    reader: organisationOf(owners, repositories?.length ?? 1),
    fallback: repositories !== null && repositories.length > 1 ? (repositories[0]?.split("/")[0] ?? "none") : "none",
  });
  const inOrganisation = organisation === null || organisation === "none" ? null : organisation;
  const groups = inOrganisation === null ? [] : await groupsOf(interview, forge, inOrganisation, signal);
  const runnerGroup = await interview.ask({
    key: "runner_group",
    what: "the organisation's runner group, or none for its default",
    reader: groupOf(inOrganisation, groups),
    fallback: "none",
    found: groups,
  });
  const labels = await interview.ask({
    key: "labels",
    what: "labels beside self-hosted that jobs ask for",
    reader: (text) => readLabels(commaList(text)),
    fallback: "linux,x64",
  });
  const max = await interview.ask({ key: "max_runners", what: "guests at once", reader: maxReader, fallback: "4" });
  const listen = await interview.ask({
    key: "listen",
    what: "where health and metrics listen, or off",
    reader: (text) => chain(readListen(text), () => good(text)),
    fallback: "127.0.0.1:9180",
  });
  for (const name of repositories ?? []) await checkRepository(interview, forge, name, signal);
  if (apiUrl === null || token === null || repositories === null || organisation === null) return null;
  if (runnerGroup === null || labels === null || max === null || listen === null) return null;
  const group = runnerGroup === "none" ? null : runnerGroup;
  return { apiUrl, token, organisation: inOrganisation, repositories, runnerGroup: group, labels, max, listen };
}

function organisationOf(owners: readonly string[], count: number): Reader<string> {
  return (text) => {
    if (text === "none") {
      return count > 1 ? bad("several repositories share runners only in an organisation; name it") : good(text);
    }
    const others = owners.filter((owner) => owner !== text.toLowerCase());
    if (others.length > 0) return bad(`${quote(text)} does not own the repositories of ${others.join(", ")}`);
    return names.organisationName(text);
  };
}

function groupOf(organisation: string | null, groups: readonly string[]): Reader<string> {
  return (text) => {
    if (text === "none" || groups.includes(text)) return good(text);
    if (organisation === null) return bad("runner groups belong to an organisation; name it, or leave the group out");
    // None: they could not be listed, which was told.
    return groups.length === 0
      ? good(text)
      : bad(`${organisation} has no group ${quote(text)}; it has ${groups.join(", ")}`);
  };
}

async function groupsOf(interview: Interview, forge: Forge | null, organisation: string, signal: AbortSignal) {
  const groups = await forge?.inspector.groups(organisation, signal).catch((error: unknown) => told(interview, error));
  return (groups ?? []).map(({ name }) => name);
}

async function checkRepository(interview: Interview, forge: Forge | null, name: string, signal: AbortSignal) {
  const read = chain(names.repositoryName(name), good);
  if (forge === null || !read.ok) return;
  const facts = await forge.inspector.repository(read.value, signal).catch((error: unknown) => {
    interview.object(`repositories: ${name}: ${messageOf(error)}`);
    return null;
  });
  if (facts?.administered === false) interview.object(`repositories: ${name}: the token may not administer it`);
}

/** A list that helps to choose, and that work goes on without. */
function told(interview: Interview, error: unknown): [] {
  interview.tell(`  not listed: ${messageOf(error)}`);
  return [];
}
