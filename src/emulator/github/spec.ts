import { z } from "zod";
import { HOUR, MINUTE } from "../../domain/time.ts";

/** What a job ends as when nothing happens to its guest. */
const outcomes = ["success", "failure"] as const;
const holds = ["requested", "pending", "waiting"] as const;
export type Outcome = (typeof outcomes)[number];

const repositoryName = z.string().regex(/^[\w.-]+\/[\w.-]+$/, "a repository is written owner/name");

const tokenSpec = z.strictObject({
  token: z.string().min(1),
  login: z.string().default("octocat"),
  repositories: z.union([z.literal("all"), z.array(repositoryName)]).default("all"),
  actions: z.enum(["none", "read"]).default("read"),
  administration: z.enum(["none", "write"]).default("write"),
  selfHostedRunners: z.enum(["none", "write"]).default("write"),
});

const repositorySpec = z
  .strictObject({
    name: repositoryName,
    private: z.boolean().optional(),
    fork: z.boolean().default(false),
    visibility: z.enum(["public", "private", "internal"]).optional(),
  })
  .transform(({ private: hidden, visibility, ...rest }) => {
    const seen = visibility ?? (hidden === false ? "public" : "private");
    return { ...rest, visibility: seen, private: hidden ?? seen !== "public" };
  });

const groupSpec = z.strictObject({
  /** 1 is the default group, 2 is GitHub's own. */
  id: z.number().int().min(1),
  name: z.string().min(1),
  visibility: z.enum(["all", "selected", "private"]).default("all"),
  repositories: z.array(repositoryName).default([]),
  allowsPublicRepositories: z.boolean().default(false),
});

const organisationSpec = z.strictObject({
  login: z.string().min(1),
  /** The default group is always there. */
  groups: z.array(groupSpec).default([]),
});

export const arrivalSpec = z.strictObject({
  repository: repositoryName.default("octo/demo"),
  labels: z.array(z.string()).default(["self-hosted", "linux", "x64"]),
  /** How many jobs in all. */
  count: z.number().int().min(1).default(1),
  /** After the start of the world. */
  atMs: z.number().min(0).default(0),
  /** Between one run and the next. */
  everyMs: z.number().min(0).default(0),
  durationMs: z
    .number()
    .min(0)
    .default(2 * MINUTE),
  /** What `timeout-minutes` is in a workflow. */
  timeoutMs: z
    .number()
    .min(1)
    .default(6 * HOUR),
  /** Why the jobs are not queued at once. */
  held: z.enum(holds).nullable().default(null),
  /** They are queued after so long; without it only when somebody says so. */
  heldMs: z.number().min(0).nullable().default(null),
  name: z.string().min(1).default("build"),
  jobsPerRun: z.number().int().min(1).default(1),
  event: z.string().default("push"),
  /** The run's head is another repository, a fork of this one. */
  fork: z.boolean().default(false),
  outcome: z.enum(outcomes).default("success"),
});

/** Everything that GitHub is at the start of the world, and the jobs that will come. */
export const githubSpec = z.strictObject({
  tokens: z
    .array(tokenSpec)
    .min(1)
    .default(() => [tokenSpec.parse({ token: "ghp_emulated0000000000000000000000000000" })]),
  repositories: z.array(repositorySpec).default(() => [repositorySpec.parse({ name: "octo/demo" })]),
  organisations: z.array(organisationSpec).default([]),
  jobs: z.array(arrivalSpec).default([]),
  /** Primary rate limit, points an hour and token. */
  pointsPerHour: z.number().int().min(1).default(5_000),
  /** How long GitHub waits for a runner that fell silent at its job; up to `leaseSpreadMs` longer. */
  leaseMs: z
    .number()
    .min(0)
    .default(10 * MINUTE),
  leaseSpreadMs: z.number().min(0).default(0),
});

export type GithubSpec = z.infer<typeof githubSpec>;
export type TokenSpec = z.infer<typeof tokenSpec>;
export type GroupSpec = z.infer<typeof groupSpec>;
export type Arrival = z.infer<typeof arrivalSpec>;
/** What a test or a scenario has to say of an arrival; the rest has defaults. */
export type ArrivalOrder = z.input<typeof arrivalSpec>;
