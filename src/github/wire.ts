import { z } from "zod";

/** The fields that we read of GitHub's answers, and no others: this is also what the ETag cache keeps. */
export const runShape = z.object({
  id: z.number(),
  event: z.string(),
  status: z.string().nullish(),
  updated_at: z.string(),
  repository: z.object({ id: z.number(), full_name: z.string(), private: z.boolean() }),
  /** Null when the fork was deleted. */
  head_repository: z.object({ id: z.number() }).nullish(),
});
export type WireRun = z.infer<typeof runShape>;

export const jobShape = z.object({
  id: z.number(),
  run_id: z.number(),
  name: z.string(),
  status: z.string(),
  created_at: z.string(),
  started_at: z.string().nullish(),
  labels: z.array(z.string()),
  /** Null or 0 as long as there is none. */
  runner_id: z.number().nullish(),
  runner_name: z.string().nullish(),
});
export type WireJob = z.infer<typeof jobShape>;

export const runnerShape = z.object({
  id: z.number(),
  name: z.string(),
  status: z.string(),
  busy: z.boolean(),
  ephemeral: z.boolean().nullish(),
  labels: z.array(z.object({ name: z.string() })),
});
export type WireRunner = z.infer<typeof runnerShape>;

export const groupShape = z.object({
  id: z.number(),
  name: z.string(),
  visibility: z.string(),
  default: z.boolean(),
});
export type WireGroup = z.infer<typeof groupShape>;

const total = { total_count: z.number() };
export const runPage = z.object({ ...total, workflow_runs: z.array(runShape) });
export const jobPage = z.object({ ...total, jobs: z.array(jobShape) });
export const runnerPage = z.object({ ...total, runners: z.array(runnerShape) });
export const groupPage = z.object({ ...total, runner_groups: z.array(groupShape) });
export const repositoryPage = z.object({
  ...total,
  repositories: z.array(z.object({ id: z.number(), full_name: z.string() })),
});

export const jitAnswer = z.object({ runner: z.object({ id: z.number() }), encoded_jit_config: z.string().min(1) });
export const tokenAnswer = z.object({ token: z.string().min(1) });
