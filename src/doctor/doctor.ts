import type { Config } from "../config/config.ts";
import type { Signer } from "../domain/signed-line.ts";
import type { Clock } from "../domain/time.ts";
import { createInspector } from "../github/inspect.ts";
import type { Fetch as GithubFetch } from "../github/transport.ts";
import { createClient } from "../proxmox/client.ts";
import { createHttp, type Fetch as PveFetch } from "../proxmox/http.ts";
import { inspectCalls } from "../proxmox/inspect-calls.ts";
import { checkBridges } from "./bridges.ts";
import { checkClocks, watchDate } from "./clocks.ts";
import type { Patient, SiteCheck } from "./examined.ts";
import type { Finding } from "./finding.ts";
import { checkGithub } from "./github.ts";
import { checkImages } from "./images.ts";
import { checkLeases } from "./lease.ts";
import { checkPrivileges } from "./privileges.ts";
import { checkResourcePools, checkTls, checkToken, checkVmids, look } from "./pve.ts";
import { checkStorages } from "./storages.ts";
import { checkTemplates } from "./templates.ts";

const siteChecks: readonly SiteCheck[] = [
  checkPrivileges,
  checkResourcePools,
  checkTemplates,
  checkImages,
  checkStorages,
  checkBridges,
  checkVmids,
  checkLeases,
];

/** Looks at everything that this configuration needs, and changes nothing. */
export async function diagnose(
  config: Config,
  around: {
    readonly clock: Clock;
    readonly pveFetch: PveFetch;
    readonly githubFetch: GithubFetch;
    readonly signer?: Signer;
    readonly signal: AbortSignal;
  },
): Promise<readonly Finding[]> {
  const patient = patientOf(config, around);
  const [ofPve, ofGithub] = await Promise.all([examine(patient), checkGithub(patient)]);
  // A certificate that was refused has been told already.
  const tls = ofPve.some(({ subject }) => subject === "tls") ? [] : [checkTls(patient)];
  // Last: it rests on the answers to all others.
  return [...tls, ...ofPve, ...ofGithub, ...checkClocks(patient)];
}

async function examine(patient: Patient): Promise<readonly Finding[]> {
  const { generation, findings } = await checkToken(patient);
  if (generation === null) return findings;
  const seen = await look(patient, generation);
  const found = [...findings, ...seen.findings];
  for (const check of siteChecks) found.push(...(await check(patient, seen.site)));
  return found;
}

function patientOf(config: Config, around: Parameters<typeof diagnose>[1]): Patient {
  const { clock, signal } = around;
  const dates = { PVE: watchDate(clock), GitHub: watchDate(clock) };
  const pveFetch: PveFetch = async (url, init) => {
    const sent = clock.now();
    const response = await around.pveFetch(url, init);
    dates.PVE.note(sent, response.headers);
    return response;
  };
  const githubFetch: GithubFetch = async (input, init) => {
    const sent = clock.now();
    const response = await around.githubFetch(input, init);
    dates.GitHub.note(sent, response.headers);
    return response;
  };
  const http = createHttp({ ...config.proxmox, fetch: pveFetch, clock });
  return {
    config,
    clock,
    signal,
    signer: around.signer ?? null,
    pve: { ...createClient(http), ...inspectCalls(http) },
    github: createInspector({ ...config.github, fetch: githubFetch, clock }),
    skews: { PVE: dates.PVE.skew, GitHub: dates.GitHub.skew },
  };
}
