import type { Links } from "./links.ts";
import { aggregate, type Job, ownerOf, type Repository, type Run } from "./state.ts";
import { showAccount, showRepository } from "./wire-repositories.ts";
import { stamp } from "./words.ts";

/** Runs and jobs, in the words of the official schemas. */
export function showRun(run: Run, links: Links, least = false) {
  const { repository } = run;
  const url = `${links.api}/repos/${repository.name}/actions/runs/${run.id}`;
  const actor = showAccount("octocat", 1, "User", links);
  return {
    id: run.id,
    node_id: `WFR_${run.id}`,
    name: "CI",
    path: ".github/workflows/ci.yml",
    display_title: `Change ${run.number}`,
    run_number: run.number,
    run_attempt: run.attempt,
    event: run.event,
    ...aggregate(run, least),
    workflow_id: 159_038,
    head_branch: "main",
    head_sha: shaOf(run),
    created_at: stamp(run.createdAt),
    updated_at: stamp(run.updatedAt),
    run_started_at: stamp(run.startedAt),
    url,
    html_url: `${links.html}/${repository.name}/actions/runs/${run.id}`,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${links.api}/repos/${repository.name}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${links.api}/repos/${repository.name}/actions/workflows/159038`,
    pull_requests: [],
    head_commit: null,
    actor,
    triggering_actor: actor,
    repository: showRepository(repository, links),
    head_repository: showRepository(run.fork ? forkOf(repository) : repository, links),
  };
}

export function showJob(job: Job, links: Links) {
  const { run } = job;
  const repository = `${links.api}/repos/${run.repository.name}`;
  return {
    id: job.id,
    run_id: run.id,
    run_attempt: job.attempt,
    node_id: `CR_${job.id}`,
    head_sha: shaOf(run),
    head_branch: "main",
    workflow_name: "CI",
    run_url: `${repository}/actions/runs/${run.id}`,
    url: `${repository}/actions/jobs/${job.id}`,
    html_url: `${links.html}/${run.repository.name}/actions/runs/${run.id}/job/${job.id}`,
    check_run_url: `${repository}/check-runs/${job.id}`,
    name: job.name,
    status: job.status,
    conclusion: job.conclusion,
    created_at: stamp(job.createdAt),
    // Set while the job waits, too.
    started_at: stamp(job.startedAt ?? job.createdAt),
    completed_at: job.completedAt === null ? null : stamp(job.completedAt),
    steps: [],
    labels: job.labels,
    // Both shapes of "nobody" occur: 0 with an empty name, and null.
    ...(job.runner === null
      ? nobody[job.id % 2 === 0 ? "zero" : "null"]
      : {
          runner_id: job.runner.id,
          runner_name: job.runner.name,
          runner_group_id: job.runner.groupId,
          runner_group_name: job.runner.groupName,
        }),
  };
}

const nobody = {
  zero: { runner_id: 0, runner_name: "", runner_group_id: 0, runner_group_name: "" },
  null: { runner_id: null, runner_name: null, runner_group_id: null, runner_group_name: null },
} as const;

const shaOf = (run: Run): string => run.id.toString(16).padStart(40, "0");

function forkOf(repository: Repository) {
  const name = `stranger/${repository.name.slice(ownerOf(repository.name).length + 1)}`;
  return { ...repository, id: repository.id + 1_000_000, name, fork: true };
}
