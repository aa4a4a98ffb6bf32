import { hasCode } from "../domain/errors.ts";
import { asGuestName, asJobId, type JobId, type RepositoryName } from "../domain/ids.ts";
import type { JobView } from "../domain/observation.ts";
import { HOUR, type Instant, type Ms } from "../domain/time.ts";
import { type About, permissions } from "./errors.ts";
import { allPages } from "./pages.ts";
import { encodePath, type Reader } from "./reader.ts";
import type { ReadStamp } from "./stamps.ts";
import { jobPage, jobShape, type WireJob } from "./wire.ts";

/** GitHub fails a job that waited this long for a runner of our kind. */
export const longestWait: Ms = 24 * HOUR;

export async function listJobs(
  reader: Reader,
  repository: RepositoryName,
  run: number,
  signal: AbortSignal,
): Promise<readonly WireJob[]> {
  const path = `/repos/${encodePath(repository)}/actions/runs/${run}/jobs`;
  const about = aboutActions(repository, `list the jobs of run ${run}`);
  const question = { path, query: { filter: "latest" }, shape: jobPage, about };
  const { items } = await allPages(reader, question, (page) => page.jobs, signal);
  return items;
}

/** A job that GitHub no longer knows does not wait. */
export async function stillQueued(
  reader: Reader,
  repository: RepositoryName,
  job: JobId,
  signal: AbortSignal,
): Promise<boolean> {
  const path = `/repos/${encodePath(repository)}/actions/jobs/${job}`;
  try {
    const about = aboutActions(repository, `read job ${job}`);
    const { status, runner_id } = await reader.get({ path, shape: jobShape, about }, signal);
    return status === "queued" && !runner_id;
  } catch (error) {
    if (hasCode(error, "not_found")) return false;
    throw error;
  }
}

export const isOpen = (job: WireJob): boolean => job.status !== "completed";

/** Only this one asks for a runner: `waiting`, `pending` and `requested` jobs are held back by GitHub itself. */
export const isWaiting = (job: WireJob, now: Instant, read: ReadStamp): boolean =>
  job.status === "queued" && !job.runner_id && now - read(job.created_at) < longestWait;

export const aboutActions = (repository: RepositoryName, wish: string): About => ({
  what: `${wish} of ${repository}`,
  permission: permissions.readActions,
});

/** Null for jobs that neither wait for a runner nor have one. */
export function viewOf(
  job: WireJob,
  repository: RepositoryName,
  { event, refused }: { readonly event: string; readonly refused: string | null },
  now: Instant,
  read: ReadStamp,
): JobView | null {
  const view = {
    id: asJobId(job.id),
    repository,
    runId: job.run_id,
    event,
    name: job.name,
    labels: job.labels,
    createdAt: read(job.created_at),
    refused,
  };
  if (isWaiting(job, now, read)) return { ...view, status: "queued", startedAt: null, runner: null };
  // A queued job with a runner was handed out and is about to start.
  if (job.status !== "in_progress" && !(job.status === "queued" && job.runner_id)) return null;
  const started = job.status === "in_progress" && job.started_at ? read(job.started_at) : null;
  return {
    ...view,
    status: "in_progress",
    startedAt: started,
    runner: job.runner_name ? asGuestName(job.runner_name) : null,
  };
}
