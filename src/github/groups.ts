import { DispatcherError, hasCode } from "../domain/errors.ts";
import { type RunnerPool, type Scope, scopeKeyOf } from "../domain/pool.ts";
import { type Clock, type Instant, MINUTE } from "../domain/time.ts";
import type { About } from "./errors.ts";
import { allPages } from "./pages.ts";
import { encodePath, type Reader } from "./reader.ts";
import { groupPage, repositoryPage, type WireGroup } from "./wire.ts";

type Organisation = Extract<Scope, { kind: "organisation" }>;

/** The default group has this id everywhere; it is also what a repository's runners register with. */
const defaultGroup = 1;

export interface Groups {
  idFor(scope: Scope, signal: AbortSignal): Promise<number>;
  /** Whether the pool's own repositories are all that its runners could serve. What cannot be read is not closed. */
  isClosed(pool: RunnerPool, signal: AbortSignal): Promise<boolean>;
}

export function createGroups(reader: Reader, clock: Clock): Groups {
  const groups = remembering(clock, (organisation: string, signal) => listGroups(reader, organisation, signal));
  const closed = remembering(clock, async (pool: RunnerPool, signal) => {
    if (pool.scope.kind === "repository") return true;
    try {
      return await admitsOnlyListed(pool.scope, await groups(pool.scope.organisation, signal), signal);
    } catch (error) {
      if (signal.aborted || hasCode(error, "unauthorized")) throw error;
      return false;
    }
  });

  async function admitsOnlyListed(scope: Organisation, known: readonly WireGroup[], signal: AbortSignal) {
    const group = groupOf(known, scope.runnerGroup);
    if (group?.visibility !== "selected") return false;
    const path = `/orgs/${encodePath(scope.organisation)}/actions/runner-groups/${group.id}/repositories`;
    const about = aboutGroups(scope.organisation, `list the repositories of runner group ${group.name}`);
    const { items, complete } = await allPages(
      reader,
      { path, shape: repositoryPage, about },
      (page) => page.repositories,
      signal,
    );
    const listed = new Set(scope.repositories.map((name) => name.toLowerCase()));
    return complete && items.every((repository) => listed.has(repository.full_name.toLowerCase()));
  }

  return {
    async idFor(scope, signal) {
      if (scope.kind === "repository" || scope.runnerGroup === null) return defaultGroup;
      const { organisation, runnerGroup } = scope;
      const remembered = groupOf(await groups(organisation, signal), runnerGroup);
      if (remembered !== null) return remembered.id;
      // It may have been made a moment ago.
      const now = await listGroups(reader, organisation, signal);
      const group = groupOf(now, runnerGroup);
      if (group !== null) return group.id;
      const found = now.map(({ name }) => name).join(", ");
      throw new DispatcherError("invalid", `runner group ${runnerGroup} of ${scopeKeyOf(scope)}: there is none`, {
        remedy: `make it, or use one of those found: ${found === "" ? "none" : found}`,
      });
    },
    isClosed: closed,
  };
}

async function listGroups(reader: Reader, organisation: string, signal: AbortSignal): Promise<readonly WireGroup[]> {
  const path = `/orgs/${encodePath(organisation)}/actions/runner-groups`;
  const about = aboutGroups(organisation, "list the runner groups");
  const { items } = await allPages(reader, { path, shape: groupPage, about }, (page) => page.runner_groups, signal);
  return items;
}

const groupOf = (groups: readonly WireGroup[], name: string | null): WireGroup | null =>
  groups.find((group) => (name === null ? group.default : group.name.toLowerCase() === name.toLowerCase())) ?? null;

const aboutGroups = (organisation: string, wish: string): About => ({
  what: `${wish} of orgs/${organisation}`,
  permission: "Self-hosted runners: read on the organisation",
});

/** Groups change rarely, and they are needed in every pass. */
const lifetime = 5 * MINUTE;

function remembering<Key, Value>(
  clock: Clock,
  ask: (key: Key, signal: AbortSignal) => Promise<Value>,
): (key: Key, signal: AbortSignal) => Promise<Value> {
  const answers = new Map<Key, { readonly at: Instant; readonly value: Value }>();
  return async (key, signal) => {
    const known = answers.get(key);
    if (known !== undefined && clock.now() - known.at < lifetime) return known.value;
    const at = clock.now();
    const value = await ask(key, signal);
    answers.set(key, { at, value });
    return value;
  };
}
