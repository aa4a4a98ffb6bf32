import { z } from "zod";
import { hasCode } from "../domain/errors.ts";
import type { RepositoryName } from "../domain/ids.ts";
import type { RunnerRelease } from "../domain/images/runner-age.ts";
import type { ScopeKey } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import type { Clock, Instant } from "../domain/time.ts";
import { createClient } from "./client.ts";
import { permissions } from "./errors.ts";
import { mintingOctokit } from "./octokit.ts";
import { allPages } from "./pages.ts";
import { Pause } from "./pause.ts";
import { encodePath, plainReader, type Question } from "./reader.ts";
import { aboutRunners, runnersPath } from "./runners.ts";
import { createTransport, type Fetch } from "./transport.ts";
import { groupShape, repositoryPage } from "./wire.ts";

export interface RepositoryFacts {
  readonly private: boolean;
  /** Whether the token's owner administers it. Null where GitHub does not say. */
  readonly administered: boolean | null;
}

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
  readonly isDefault: boolean;
  readonly visibility: string;
  readonly admitsPublic: boolean | null;
}

export interface Allowance {
  readonly limit: number;
  readonly left: number;
  readonly resetsAt: Instant;
}

/** A release of the actions runner. */
export interface PublishedRunner extends RunnerRelease {
  /** Of its archive for linux-x64, in hex; null where GitHub does not tell. */
  readonly sha256: string | null;
}

/** Reads that only an inspection needs. Each throws what GitHub answers: a 403 is `forbidden`, a 404 `not_found`. */
export interface GithubInspector {
  /** Null: an Enterprise Server without limits. */
  allowance(signal: AbortSignal): Promise<Allowance | null>;
  repository(name: RepositoryName, signal: AbortSignal): Promise<RepositoryFacts>;
  readRuns(name: RepositoryName, signal: AbortSignal): Promise<void>;
  readRunners(scope: ScopeKey, signal: AbortSignal): Promise<void>;
  groups(organisation: string, signal: AbortSignal): Promise<readonly RunnerGroup[]>;
  /** Full names of the repositories that a selecting group admits. */
  groupRepositories(organisation: string, group: number, signal: AbortSignal): Promise<readonly string[]>;
  /** Of the actions runner, some of the newest; none where this server has no copy of them. */
  runnerReleases(signal: AbortSignal): Promise<readonly PublishedRunner[]>;
  /** Whose pull requests from forks run only after an approval, in a public repository. */
  forkApproval(name: RepositoryName, signal: AbortSignal): Promise<string>;
  /** Whether pull requests from forks run in a private repository, and only after an approval. */
  privateForks(
    name: RepositoryName,
    signal: AbortSignal,
  ): Promise<{ readonly run: boolean; readonly approved: boolean }>;
}

export function createInspector(options: {
  readonly apiUrl: URL;
  readonly token: Secret;
  readonly fetch: Fetch;
  readonly clock: Clock;
}): GithubInspector {
  const { clock } = options;
  const transport = createTransport({ fetch: options.fetch, clock, pausedFor: () => 0 });
  const octokit = mintingOctokit({ ...options, fetch: transport, warn: () => {} });
  const pauses = { primary: new Pause(clock), secondary: new Pause(clock) };
  const reader = plainReader(createClient(octokit, pauses, clock));
  const one = { per_page: 1 };
  const ofRepository = <T>(name: RepositoryName, below: string, what: string, shape: z.ZodType<T>): Question<T> => ({
    path: `/repos/${encodePath(name)}${below}`,
    shape,
    about: { what: `${what} ${name}`, permission: "Administration: read on the repository" },
  });
  const ofGroups = (organisation: string, what: string) => ({
    path: `/orgs/${encodePath(organisation)}/actions/runner-groups`,
    about: { what: `${what} of orgs/${organisation}`, permission: "Self-hosted runners: read on the organisation" },
  });

  return {
    async allowance(signal) {
      const about = { what: "check the GitHub token", permission: "none: every valid token may do this" };
      try {
        const { limit, remaining, reset } = (await reader.get({ path: "/rate_limit", shape: rate, about }, signal))
          .resources.core;
        return { limit, left: remaining, resetsAt: reset * 1_000 };
      } catch (error) {
        if (hasCode(error, "not_found")) return null;
        throw error;
      }
    },

    async repository(name, signal) {
      const about = { what: `read repository ${name}`, permission: "Metadata: read on the repository" };
      const path = `/repos/${encodePath(name)}`;
      const found = await reader.get({ path, shape: repository, about }, signal);
      return { private: found.private, administered: found.permissions?.admin ?? null };
    },

    async readRuns(name, signal) {
      const about = { what: `list the runs of ${name}`, permission: permissions.readActions };
      const path = `/repos/${encodePath(name)}/actions/runs`;
      await reader.get(
        { path, query: one, shape: z.looseObject({ workflow_runs: z.array(z.unknown()) }), about },
        signal,
      );
    },

    async readRunners(scope, signal) {
      const shape = z.looseObject({ runners: z.array(z.unknown()) });
      const question = { path: runnersPath(scope), query: one, shape, about: aboutRunners(scope, "list the runners") };
      await reader.get(question, signal);
    },

    async groups(organisation, signal) {
      const question = { ...ofGroups(organisation, "list the runner groups"), shape: groups };
      const { items } = await allPages(reader, question, (page) => page.runner_groups, signal);
      return items.map(({ id, name, default: isDefault, visibility, allows_public_repositories: admits }) => {
        return { id, name, isDefault, visibility, admitsPublic: admits ?? null };
      });
    },

    async groupRepositories(organisation, group, signal) {
      const { path, about } = ofGroups(organisation, "list the repositories of a runner group");
      const question = { path: `${path}/${group}/repositories`, shape: repositoryPage, about };
      const { items } = await allPages(reader, question, (page) => page.repositories, signal);
      return items.map(({ full_name }) => full_name);
    },

    async runnerReleases(signal) {
      const about = { what: "list the releases of the actions runner", permission: "none: they are public" };
      try {
        const question = { path: "/repos/actions/runner/releases", query: { per_page: 30 }, shape: releases, about };
        return (await reader.get(question, signal)).flatMap(runnerIn);
      } catch (error) {
        if (hasCode(error, "not_found")) return [];
        throw error;
      }
    },

    async forkApproval(name, signal) {
      const below = "/actions/permissions/fork-pr-contributor-approval";
      const question = ofRepository(name, below, "read the fork policy of", approval);
      return (await reader.get(question, signal)).approval_policy;
    },

    async privateForks(name, signal) {
      const below = "/actions/permissions/fork-pr-workflows-private-repos";
      const found = await reader.get(ofRepository(name, below, "read the fork policy of", privateForks), signal);
      const { run_workflows_from_fork_pull_requests: run, require_approval_for_fork_pr_workflows: approved } = found;
      return { run, approved: approved ?? false };
    },
  };
}

const releases = z.array(
  z.looseObject({
    tag_name: z.string(),
    prerelease: z.boolean().nullish(),
    draft: z.boolean().nullish(),
    published_at: z.string().nullish(),
    assets: z.array(z.looseObject({ name: z.string(), digest: z.string().nullish() })).nullish(),
  }),
);

function runnerIn({ tag_name, prerelease, draft, published_at, assets }: z.infer<typeof releases>[number]) {
  const version = /^v(\d+\.\d+\.\d+)$/.exec(tag_name)?.[1];
  const published = Date.parse(published_at ?? "");
  if (version === undefined || prerelease === true || draft === true || Number.isNaN(published)) return [];
  const archive = assets?.find(({ name }) => name === `actions-runner-linux-x64-${version}.tar.gz`);
  return [{ version, published, sha256: /^sha256:([0-9a-f]{64})$/.exec(archive?.digest ?? "")?.[1] ?? null }];
}

const rate = z.looseObject({
  resources: z.looseObject({ core: z.looseObject({ limit: z.number(), remaining: z.number(), reset: z.number() }) }),
});
const repository = z.looseObject({
  private: z.boolean(),
  permissions: z.looseObject({ admin: z.boolean() }).nullish(),
});
const groups = z.object({
  total_count: z.number(),
  runner_groups: z.array(groupShape.extend({ allows_public_repositories: z.boolean().nullish() })),
});
const approval = z.looseObject({ approval_policy: z.string() });
const privateForks = z.looseObject({
  run_workflows_from_fork_pull_requests: z.boolean(),
  require_approval_for_fork_pr_workflows: z.boolean().nullish(),
});
