import type { RepositoryName } from "../domain/ids.ts";
import { aboutActions } from "./jobs.ts";
import { allPages } from "./pages.ts";
import { encodePath, type Reader } from "./reader.ts";
import { runPage, type WireRun } from "./wire.ts";

/**
 * The newest runs, whatever their state: unlike a list filtered by status, which comes from a search index, this one
 * is never stale. A run weighs about 12 KB, hence not a hundred of them.
 */
export async function newestRuns(
  reader: Reader,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<readonly WireRun[]> {
  const question = {
    path: runsPath(repository),
    query: { per_page: 50, exclude_pull_requests: true },
    shape: runPage,
    about: aboutActions(repository, "list the runs"),
  };
  return (await reader.get(question, signal)).workflow_runs;
}

/** Finds what the first page cannot show: a run that was started again keeps its old place in the list. */
export async function unfinishedRuns(
  reader: Reader,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<readonly WireRun[]> {
  const found: WireRun[] = [];
  for (const status of ["queued", "in_progress", "waiting", "pending"]) {
    const question = {
      path: runsPath(repository),
      query: { status, exclude_pull_requests: true },
      shape: runPage,
      about: aboutActions(repository, `list the ${status} runs`),
    };
    const { items } = await allPages(reader, question, (page) => page.workflow_runs, signal);
    found.push(...items);
  }
  return found.filter(isUnfinished);
}

export const isUnfinished = (run: WireRun): boolean => run.status !== "completed";

const runsPath = (repository: RepositoryName): string => `/repos/${encodePath(repository)}/actions/runs`;
