import { z } from "zod";
import { nearest } from "../domain/nearest.ts";
import { bad, good, type Read } from "./read.ts";
import { commaList } from "./readers.ts";

/** Which keys dispatcher.yaml may have, and whether each is text, a number or a list; what they say is read later. */
export type FileShape = z.infer<typeof fileShape>;
export type PoolEntry = z.infer<typeof poolShape>;
export type GithubEntry = z.infer<typeof githubShape>;

/** `file` is named in each problem. */
export function shapeOf(file: string, data: unknown): Read<FileShape> {
  const result = fileShape.safeParse(data);
  if (result.success) return good(result.data);
  return bad(...result.error.issues.flatMap((issue) => sentences(file, issue)));
}

export const pathText = (path: readonly PropertyKey[]): string =>
  path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`))
    .join("");

const must = (what: string) => ({
  error: ({ input }: { readonly input?: unknown }): string => {
    if (input === undefined) return "is missing; add it";
    return input === null ? "is empty; give it a value, or remove the key" : what;
  },
});

// An unquoted 22.10 is the number 22.1 to YAML: text is never made from numbers.
const text = z.string(must("must be text; put it in quotes"));
const number = z.union([z.number(), z.string()], must("must be a number"));
const nameOrNumber = z.union([z.string(), z.number()], must("must be a name or a number"));
const list = z.preprocess(
  (value) => (typeof value === "string" ? commaList(value) : value),
  z.array(text, must('must be a list, for example ["a", "b"]')),
);

const githubShape = z.strictObject(
  {
    repository: text.optional(),
    organisation: text.optional(),
    repositories: list.optional(),
    runner_group: text.optional(),
  },
  must("must be { repository } or { organisation, repositories }"),
);

const poolShape = z.strictObject(
  {
    name: text,
    labels: list.optional(),
    github: githubShape.optional(),
    events: list.optional(),
    template: nameOrNumber.optional(),
    node: text.optional(),
    nodes: list.optional(),
    storage: text.optional(),
    cores: number.optional(),
    memory: number.optional(),
    disk: number.optional(),
    network: text.optional(),
    clone: text.optional(),
    clone_storage: text.optional(),
    vmid_start: number.optional(),
    vmid_end: number.optional(),
    vmids: text.optional(),
    runner_name_prefix: text.optional(),
    resource_pool: text.optional(),
    max_runners: number.optional(),
    delivery: text.optional(),
    snippets_dir: text.optional(),
    snippets_sftp: text.optional(),
    snippets_sftp_key_file: text.optional(),
    snippets_sftp_host_key: text.optional(),
    registration: text.optional(),
    user_data_template: text.optional(),
    runner_user: text.optional(),
    hard_lifetime: text.optional(),
    idle_timeout: text.optional(),
    boot_timeout: text.optional(),
  },
  must("must hold keys and values, beginning with name"),
);

const policyShape = z.strictObject(
  { public_repositories: list.optional(), forks_of: list.optional(), events: list.optional() },
  must("must be { public_repositories, forks_of, events }"),
);

const fileShape = z.strictObject(
  {
    max_total_runners: number.optional(),
    policy: policyShape.optional(),
    pools: z
      .array(poolShape, must("must be a list of pools"))
      .min(1, "is an empty list; describe a pool, or remove the key to use the environment's")
      .optional(),
  },
  must("must hold keys and values, for example pools"),
);

function sentences(file: string, issue: z.core.$ZodIssue): readonly string[] {
  if (issue.code !== "unrecognized_keys") return [place(file, issue.path, issue.message)];
  const known = knownKeys(issue.path);
  return issue.keys.map((key) => {
    const meant = nearest(key, known);
    const hint = meant === null ? `known here are ${known.join(", ")}` : `did you mean "${meant}"?`;
    return place(file, [...issue.path, key], `unknown key; ${hint}`);
  });
}

function place(file: string, path: readonly PropertyKey[], cause: string): string {
  return path.length === 0 ? `${file}: ${cause}` : `${file}: ${pathText(path)}: ${cause}`;
}

function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return Object.keys(fileShape.shape);
  if (path[0] === "policy") return Object.keys(policyShape.shape);
  return Object.keys(path[2] === "github" ? githubShape.shape : poolShape.shape);
}
