import { EnvHttpProxyAgent, fetch as undiciFetch } from "undici";
import { processIdentity } from "../../app/process-identity.ts";
import { createSigner } from "../../app/signer.ts";
import { systemChance, systemClock } from "../../app/system.ts";
import type { Config } from "../../config/config.ts";
import { DispatcherError, messageOf } from "../../domain/errors.ts";
import { asVmid } from "../../domain/ids.ts";
import { inRange } from "../../domain/vmids.ts";
import { createInspector, type GithubInspector } from "../../github/inspect.ts";
import type { Fetch as GithubFetch } from "../../github/transport.ts";
import type { Workshop } from "../../images/workshop.ts";
import { createClient } from "../../proxmox/client.ts";
import { createHttp } from "../../proxmox/http.ts";
import { createTasks } from "../../proxmox/tasks.ts";
import { createFetch } from "../../proxmox/tls.ts";
import type { ExitCode, Io } from "../io.ts";
import { readSettings } from "../ready.ts";

export interface Connected {
  readonly config: Config;
  readonly shop: Workshop;
  readonly github: GithubInspector;
  /** A text from the web, through the site's proxy. */
  readonly fetchText: (url: string) => Promise<string>;
}

/** Reads the configuration, opens the ways, works, and closes them. */
export async function connected(
  io: Io,
  envFile: string | undefined,
  work: (parts: Connected) => Promise<ExitCode>,
): Promise<ExitCode> {
  const settings = readSettings(io, envFile);
  if (settings === null) return 1;
  const { config } = settings;
  const pve = createFetch(config.proxmox.trust);
  const proxy = new EnvHttpProxyAgent();
  const web = (url: string, init: object) => undiciFetch(url, { ...init, dispatcher: proxy });
  const clock = systemClock;
  const http = createHttp({
    ...config.proxmox,
    fetch: pve.fetch,
    clock,
    mayChange: (what) => refuseRunners(config, what),
  });
  const client = createClient(http);
  const shop: Workshop = {
    client,
    tasks: createTasks(client, clock),
    clock,
    chance: systemChance,
    signer: createSigner({ ...config.key, tokenSecret: config.proxmox.tokenSecret }),
    instance: config.instance,
    tokenId: config.proxmox.tokenId,
    ...processIdentity(),
  };
  const github = createInspector({ ...config.github, fetch: web as unknown as GithubFetch, clock });
  const fetchText = async (url: string): Promise<string> => {
    const answer = await web(url, { signal: io.stop }).catch((error: unknown) => {
      throw new DispatcherError("unavailable", `GET ${url}: ${reasonOf(error)}`, { cause: error });
    });
    if (!answer.ok) throw new DispatcherError("unavailable", `GET ${url}: status ${answer.status}`);
    return answer.text();
  };
  try {
    return await work({ config, shop, github, fetchText });
  } finally {
    await Promise.all([pve.close(), proxy.close()]);
  }
}

/** What undici's "fetch failed" stands for. */
const reasonOf = (error: unknown): string =>
  messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);

/** Guests of a runner pool's range are the daemon's alone, and its lease is not held here. */
function refuseRunners({ pools }: Config, what: string): void {
  const digits = /\/(?:qemu|lxc)\/(\d+)\b/.exec(what)?.[1];
  const pool = pools.find(({ guest }) => digits !== undefined && inRange(asVmid(Number(digits)), guest.range));
  if (pool === undefined) return;
  throw new DispatcherError("not_ours", `${what}: VMID ${digits} is of pool ${pool.name}, whose guests are left alone`);
}
