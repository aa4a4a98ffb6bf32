import { resolve } from "node:path";
import type { RunnerPool } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import { githubApiUrl, readListen } from "./addresses.ts";
import type { Config, Loaded } from "./config.ts";
import { type Environment, environmentOf, misspelt } from "./environment.ts";
import type { Files, Folder } from "./files.ts";
import { type Draft, draftsOf, readFleet, unusedFolders } from "./fleet.ts";
import { instanceName } from "./names.ts";
import { readPolicy, usesRepository } from "./policy.ts";
import { poolDefaults } from "./pool-defaults.ts";
import { maxReader } from "./pool-readers.ts";
import { type PoolsFile, readPoolsFile } from "./pools-file.ts";
import { readProxmox } from "./proxmox.ts";
import { at, bad, chain, combine, good, present, problemsOf, type Read } from "./read.ts";
import { oneOf, secondsOrDuration } from "./readers.ts";
import { readRepository } from "./repository.ts";
import { readRequiredSecret, readSecret } from "./secrets.ts";
import { readTemplates } from "./templates.ts";

export type { Files } from "./files.ts";

export interface Input {
  /** Already merged: the process's variables over those of dispatcher.env. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly files: Files;
  /** Relative paths of the environment start here. */
  readonly cwd: string;
  /** Absolute path of the user-data template that comes with the product. */
  readonly builtinTemplate: string;
}

/** Strings in; a Config, or every problem at once, out. */
export function loadConfig(input: Input): Loaded {
  const env = environmentOf(input.env);
  const cwd: Folder = { files: input.files, path: input.cwd };
  const apiUrl = at("GITHUB_API_URL", githubApiUrl(env.text("GITHUB_API_URL")));
  const repository = readRepository(env, apiUrl);
  const defaults = poolDefaults(env, { cwd, builtinTemplate: input.builtinTemplate, repository });
  const read = readPoolsFile(env, cwd);
  const file = read.ok ? read.value : null;
  const drafts = read.ok ? draftsOf(defaults, file) : [];
  // Nobody can tell what a broken file would have overridden: at least the environment's own mistakes are told.
  const pools = read.ok ? readFleet(drafts) : bad(...problemsOf(Object.values(defaults).map((each) => each.read)));
  const secret = readRequiredSecret("PROXMOX_TOKEN_SECRET", env, cwd);
  const token = readRequiredSecret("GITHUB_TOKEN", env, cwd);

  const config = combine<Config>({
    instance: at("DISPATCHER_INSTANCE", instanceName(env.text("DISPATCHER_INSTANCE"))),
    proxmox: readProxmox(env, secret, cwd),
    github: combine<Config["github"]>({ apiUrl, token: present(token) }),
    key: combine<Config["key"]>({
      current: readSecret("DISPATCHER_KEY", env, cwd),
      previous: readSecret("DISPATCHER_KEY_PREVIOUS", env, cwd),
    }),
    policy: readPolicy(env, file, usesRepository(env, drafts) ? [repository] : []),
    pollInterval: at("POLL_INTERVAL", secondsOrDuration(env.text("POLL_INTERVAL"))),
    maxTotal: readMaxTotal(env, file, pools),
    pools,
    templates: readTemplates(env),
    listen: at("DISPATCHER_LISTEN", readListen(env.text("DISPATCHER_LISTEN"))),
    stateFolder: good(stateFolder(env, input.cwd)),
    logLevel: at("LOG_LEVEL", oneOf(["debug", "info", "warn", "error"])(env.text("LOG_LEVEL"))),
  });

  const required = readMissing(env, drafts, { PROXMOX_TOKEN_SECRET: secret, GITHUB_TOKEN: token });
  const whole = combine({ required, read, config });
  const unknown = misspelt(input.env);
  return whole.ok
    ? { ok: true, config: whole.value.config, warnings: [...unknown, ...whole.warnings, ...unusedFolders(env, drafts)] }
    : // A misspelt name is often why another one is missing.
      { ok: false, problems: [...whole.problems, ...unknown] };
}

/** Names without which nothing starts, in one sentence. */
function readMissing(
  env: Environment,
  drafts: readonly Draft[],
  secrets: Readonly<Record<"PROXMOX_TOKEN_SECRET" | "GITHUB_TOKEN", Read<Secret | null>>>,
): Read<null> {
  const inheritsNode = drafts.some(({ settings }) => settings.nodes.origin === "environment");
  const lacks = (read: Read<Secret | null>): boolean => read.ok && read.value === null;
  const missing = [
    ...(env.given("PROXMOX_URL") === null ? ["PROXMOX_URL"] : []),
    ...(inheritsNode && env.given("PROXMOX_NODE") === null ? ["PROXMOX_NODE"] : []),
    ...(env.given("PROXMOX_TOKEN_ID") === null ? ["PROXMOX_TOKEN_ID"] : []),
    ...(lacks(secrets.PROXMOX_TOKEN_SECRET) ? ["PROXMOX_TOKEN_SECRET"] : []),
    ...(lacks(secrets.GITHUB_TOKEN) ? ["GITHUB_TOKEN"] : []),
  ];
  return missing.length === 0
    ? good(null)
    : bad(
        `missing: ${missing.join(", ")}; set them in dispatcher.env or the environment ` +
          "(a secret also by NAME_FILE or as a systemd credential)",
      );
}

/** systemd names the folder that it has made for us. */
function stateFolder(env: Environment, cwd: string): string | null {
  const named = env.given("DISPATCHER_STATE") ?? env.given("STATE_DIRECTORY")?.split(":")[0] ?? null;
  return named === null ? null : resolve(cwd, named);
}

function readMaxTotal(env: Environment, file: PoolsFile | null, pools: Read<readonly RunnerPool[]>): Read<number> {
  const inFile = file?.shape.max_total_runners;
  if (inFile !== undefined) return at(`${file?.name}: max_total_runners`, maxReader(String(inFile)));
  const text = env.given("MAX_TOTAL_RUNNERS");
  if (text !== null) return at("MAX_TOTAL_RUNNERS", maxReader(text));
  return chain(pools, (all) => good(all.reduce((sum, pool) => sum + pool.max, 0)));
}
