import { realpathSync } from "node:fs";
import { Command } from "commander";
import { EnvHttpProxyAgent, fetch } from "undici";
import { systemClock } from "../app/system.ts";
import type { Config } from "../config/config.ts";
import { SECOND } from "../domain/time.ts";
import { bringArchive, type Download } from "../update/archive.ts";
import { installationOf } from "../update/installation.ts";
import { runProgram } from "../update/program.ts";
import { Releases } from "../update/releases.ts";
import { systemdService } from "../update/service.ts";
import { type Health, update } from "../update/update.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { loadSettings } from "./ready.ts";

interface Options {
  readonly from: string;
  readonly sha256: string;
  readonly service: string;
  readonly env?: string;
}

export const updateCommand = (io: Io, ends: Ends): Command =>
  new Command("update")
    .description(
      "Replaces an installed release by another, and goes back by itself when the service is worse off with it.",
    )
    .requiredOption("--from <file or URL>", "the release: dispatcher-VERSION.tar.gz")
    .requiredOption("--sha256 <checksum>", "which release is meant, as SHA256SUMS has it")
    .option("--service <name>", "the systemd unit", "dispatcher.service")
    .option("--env <file>", "environment file, to learn where the service tells its health")
    .action((options: Options) => ends(updateTo(io, options)));

async function updateTo(io: Io, { from, sha256, service, env }: Options): Promise<ExitCode> {
  const installed = installationOf(realpathSync(io.self.at(-1) ?? ""));
  if (installed.kind !== "releases") {
    io.err(`update: ${instead[installed.kind]}\n`);
    return 1;
  }
  if (!/^[0-9a-f]{64}$/i.test(sha256)) {
    io.err("update: --sha256 must be 64 hexadecimal digits, as SHA256SUMS of the release has them\n");
    return 1;
  }
  const { loaded } = loadSettings(io, env);
  const proxy = new EnvHttpProxyAgent();
  const download: Download = async (url, signal) => {
    const { status, body } = await fetch(url, { dispatcher: proxy, signal });
    return { status, body };
  };
  try {
    const outcome = await update(
      {
        bring: (file) => bringArchive({ from, sha256, to: file }, download, io.stop),
        doctor: env === undefined ? [] : ["--env", env],
      },
      {
        releases: new Releases(installed.home, runProgram),
        service: systemdService(service, runProgram),
        health: () => healthAt(loaded.ok ? loaded.config.listen : null),
        clock: systemClock,
        say: (line) => io.out(`${line}\n`),
      },
    );
    if (outcome.kind === "updated") {
      io.out(`updated from ${outcome.from} to ${outcome.to}\n`);
      return 0;
    }
    const now = outcome.trouble === null ? "runs as before" : `is not well either: ${outcome.trouble}`;
    io.err(`update: ${outcome.why}; back on ${outcome.to}, which ${now}\n`);
    return 1;
  } finally {
    await proxy.close();
  }
}

const instead = {
  package: "a Debian package is updated by apt: apt install ./dispatcher_VERSION_all.deb",
  checkout: "a checkout is updated by git pull, npm ci and npm run build",
} as const;

async function healthAt(listen: Config["listen"]): Promise<Health | null> {
  if (listen === null) return null;
  const host = listen.address.includes(":") ? `[${listen.address}]` : listen.address;
  try {
    const answer = await fetch(`http://${host}:${listen.port}/healthz`, { signal: AbortSignal.timeout(2 * SECOND) });
    return (await answer.json()) as Health;
  } catch {
    return null;
  }
}
