import { Command } from "commander";
import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import { createSigner } from "../app/signer.ts";
import { systemClock } from "../app/system.ts";
import type { Config } from "../config/config.ts";
import { checkConfiguration } from "../doctor/configuration.ts";
import { diagnose } from "../doctor/doctor.ts";
import { type Finding, sorted } from "../doctor/finding.ts";
import { jsonOf, textOf } from "../doctor/report.ts";
import type { Fetch as GithubFetch } from "../github/transport.ts";
import { createFetch } from "../proxmox/tls.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { loadSettings } from "./ready.ts";

interface Options {
  readonly env?: string;
  readonly json?: true;
  readonly offline?: true;
}

export const doctorCommand = (io: Io, ends: Ends): Command =>
  new Command("doctor")
    .description("Looks for what keeps dispatcher from working, and says how to mend it. Changes nothing.")
    .option("--env <file>", "environment file")
    .option("--json", "for programs")
    .option("--offline", "the configuration alone: nobody is asked")
    .action((options: Options) => ends(doctor(io, options)));

/** 1 when something blocks. */
export async function doctor(io: Io, { env, json, offline }: Options): Promise<ExitCode> {
  const { source, loaded } = loadSettings(io, env);
  const told = checkConfiguration(loaded, source);
  const findings = sorted([...told, ...(loaded.ok && offline !== true ? await look(loaded.config, io.stop) : [])]);
  io.out(json === true ? jsonOf(findings) : textOf(findings));
  return findings.some(({ level }) => level === "blocks") ? 1 : 0;
}

async function look(config: Config, stop: AbortSignal): Promise<readonly Finding[]> {
  const pve = createFetch(config.proxmox.trust);
  // Other than PVE, GitHub may lie behind the site's proxy.
  const proxy = new EnvHttpProxyAgent();
  const githubFetch = ((url: string, init: object) =>
    undiciFetch(url, { ...init, dispatcher: proxy })) as unknown as GithubFetch;
  try {
    const signer = createSigner({ ...config.key, tokenSecret: config.proxmox.tokenSecret });
    return await diagnose(config, { clock: systemClock, pveFetch: pve.fetch, githubFetch, signer, signal: stop });
  } finally {
    await Promise.all([pve.close(), proxy.close()]);
  }
}
