import type { ScopeKey } from "../../domain/pool.ts";
import type { Instant, Ms } from "../../domain/time.ts";
import type { GroupSpec, Outcome } from "./spec.ts";

export interface Repository {
  readonly id: number;
  /** `owner/name`. */
  readonly name: string;
  readonly private: boolean;
  readonly fork: boolean;
  readonly visibility: "public" | "private" | "internal";
  /** Oldest first. */
  readonly runs: Run[];
}

export interface Organisation {
  readonly id: number;
  readonly login: string;
  readonly groups: readonly GroupSpec[];
}

export type Conclusion = Outcome | "cancelled";

/** What keeps a job from its queue: it is not queued yet, a concurrency limit, or an approval that it needs. */
export type Hold = "requested" | "pending" | "waiting";

export interface Run {
  readonly id: number;
  readonly number: number;
  readonly repository: Repository;
  readonly event: string;
  readonly fork: boolean;
  /** Of the first attempt: a re-run stays at its old place in every list. */
  readonly createdAt: Instant;
  updatedAt: Instant;
  attempt: number;
  /** When the newest attempt began. */
  startedAt: Instant;
  /** Of all attempts, oldest first. */
  readonly jobs: Job[];
}

/** What a job keeps of its runner, which may be long gone. */
export interface JobRunner {
  readonly id: number;
  readonly name: string;
  readonly groupId: number;
  readonly groupName: string;
  readonly vmid: number | null;
}

export interface Job {
  readonly id: number;
  readonly run: Run;
  readonly attempt: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly durationMs: Ms;
  /** Cancelled when it runs longer. */
  readonly timeoutMs: Ms;
  readonly outcome: Outcome;
  readonly createdAt: Instant;
  status: Hold | "queued" | "in_progress" | "completed";
  conclusion: Conclusion | null;
  /** A later attempt has it once more. */
  superseded: boolean;
  startedAt: Instant | null;
  completedAt: Instant | null;
  runner: JobRunner | null;
}

/** One registration. It exists before its machine does, where a JIT config made it. */
export interface Runner {
  readonly id: number;
  readonly name: string;
  readonly scope: ScopeKey;
  readonly group: GroupSpec;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  readonly credential: { readonly clientId: string; readonly key: string; readonly kind: "jit" | "token" };
  /** A JIT config is good for one connection. */
  connected: boolean;
  online: boolean;
  job: Job | null;
  /** An ephemeral one gets one job and no other, whatever became of it. */
  served: boolean;
}

const unstarted = ["pending", "waiting", "requested", "queued"] as const;

/**
 * A run's status says little of its jobs. Mostly it is in progress once anything has moved; `least` is the other manner
 * that was seen: a run is only as far as the job that is furthest behind.
 */
export const aggregate = (run: Run, least = false): { status: Job["status"]; conclusion: Conclusion | null } => {
  const jobs = run.jobs.filter((job) => !job.superseded);
  const has = (status: Job["status"]): boolean => jobs.some((job) => job.status === status);
  if (jobs.every((job) => job.status === "completed")) {
    const worst = (["failure", "cancelled"] as const).find((c) => jobs.some((job) => job.conclusion === c));
    return { status: "completed", conclusion: worst ?? "success" };
  }
  const moved = has("in_progress") || has("completed");
  const behind = unstarted.find(has);
  return { status: behind === undefined || (moved && !least) ? "in_progress" : behind, conclusion: null };
};

/** Whether a job of this repository may go to this runner. */
export function admits(runner: Runner, repository: Repository): boolean {
  if (runner.scope.startsWith("repos/")) return runner.scope === scopeOfRepository(repository.name);
  if (runner.scope !== scopeOfOrganisation(ownerOf(repository.name))) return false;
  const { group } = runner;
  if (!repository.private && !group.allowsPublicRepositories) return false;
  if (group.visibility !== "selected") return true;
  return group.repositories.some((name) => same(name, repository.name));
}

/** Labels are compared without case; a job that names none waits for a group, which this world does not offer. */
export function fits(runner: Runner, job: Job): boolean {
  const has = new Set(runner.labels.map((label) => label.toLowerCase()));
  return job.labels.length > 0 && job.labels.every((label) => has.has(label.toLowerCase()));
}

export const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
export const ownerOf = (repository: string): string => repository.slice(0, repository.indexOf("/"));
/** GitHub's names have no case: neither have keys. */
export const scopeOfRepository = (name: string): ScopeKey => `repos/${name.toLowerCase()}`;
export const scopeOfOrganisation = (login: string): ScopeKey => `orgs/${login.toLowerCase()}`;

/** The group that is there without anyone's doing, in organisations and in repositories. */
export const defaultGroup: GroupSpec = {
  id: 1,
  name: "Default",
  visibility: "all",
  repositories: [],
  allowsPublicRepositories: false,
};
