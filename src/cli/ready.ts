import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "dotenv";
import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import type { TemplateTexts } from "../app/dispatcher.ts";
import { compose, type Dispatcher, type Surroundings } from "../app/dispatcher.ts";
import { journalFileIn } from "../app/journal-file.ts";
import { load } from "../app/load.ts";
import { createLogger, type Logger } from "../app/logger.ts";
import { processIdentity } from "../app/process-identity.ts";
import { systemChance, systemClock, systemWall } from "../app/system.ts";
import { version } from "../app/version.ts";
import type { Config } from "../config/config.ts";
import { createFetch } from "../proxmox/tls.ts";
import type { Io } from "./io.ts";

/** The folder of an installed dispatcher's configuration, which is the service's working folder. */
const installed = "/etc/dispatcher";
const envFiles = ["dispatcher.env", `${installed}/dispatcher.env`, "/etc/default/dispatcher"] as const;

export interface Ready {
  readonly config: Config;
  readonly templates: TemplateTexts;
  readonly log: Logger;
  compose(around: Pick<Surroundings, "onEvent"> & Partial<Pick<Surroundings, "onDecision" | "draining">>): Dispatcher;
  close(): Promise<void>;
}

/** Reads the configuration and opens the ways to both services. Null: every problem was printed. */
export function ready(io: Io, options: { readonly envFile?: string; readonly quiet?: boolean }): Ready | null {
  const settings = readSettings(io, options.envFile);
  if (settings === null) return null;
  const { config, templates, warnings } = settings;
  const log = createLogger({
    level: options.quiet ? "warn" : config.logLevel,
    forPeople: io.terminal,
    write: options.quiet ? io.err : io.out,
  });
  for (const warning of warnings) log.warn(warning);
  const pve = createFetch(config.proxmox.trust);
  // Other than PVE, GitHub may lie behind the site's proxy.
  const proxy = new EnvHttpProxyAgent({ keepAliveTimeout: 30_000 });
  const githubFetch = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher: proxy })) as unknown as Surroundings["githubFetch"];
  return {
    config,
    templates,
    log,
    compose: (around) =>
      compose(config, templates, {
        clock: systemClock,
        wall: systemWall,
        identity: processIdentity(),
        journalFile: journalFileIn(config.stateFolder),
        chance: systemChance,
        pveFetch: pve.fetch,
        githubFetch,
        log,
        version: version(),
        ...around,
      }),
    close: async () => {
      await Promise.all([pve.close(), proxy.close()]);
    },
  };
}

/** The environment file fills what the environment leaves open. Null: every problem was printed. */
export function readSettings(io: Io, envFile: string | undefined) {
  const { source, loaded } = loadSettings(io, envFile);
  if (loaded.ok) return loaded;
  if (loaded.missing) io.err(`${loaded.problems.join("")}\n`);
  else io.err(`the configuration (${source}) cannot be used:\n${loaded.problems.map((p) => `  - ${p}\n`).join("")}`);
  return null;
}

/** The same, with the problems as a value, for commands that tell them in their own way. */
export function loadSettings(io: Io, envFile: string | undefined) {
  const file = envFile ?? envFiles.find((name) => existsSync(resolve(io.cwd, name)));
  const source = file ?? "the environment";
  if (envFile !== undefined && !existsSync(resolve(io.cwd, envFile))) {
    const problem = `environment file ${envFile}: there is no such file; give --env another`;
    return { source, loaded: { ok: false, missing: true, problems: [problem] } } as const;
  }
  const fromFile = file === undefined ? {} : parse(readFileSync(resolve(io.cwd, file)));
  // Wherever a command is called, it reads what the service reads.
  const asService = envFile === undefined && file !== undefined && resolve(io.cwd, file).startsWith("/etc/");
  const loaded = load({
    env: { ...(asService ? { CREDENTIALS_DIRECTORY: `${installed}/credentials` } : {}), ...fromFile, ...io.env },
    files: { read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : null) },
    cwd: asService ? installed : io.cwd,
    builtinTemplate: fileURLToPath(new URL("../../templates/runner.yaml.ejs", import.meta.url)),
  });
  return { source, loaded: loaded.ok ? loaded : ({ ...loaded, missing: false } as const) };
}
