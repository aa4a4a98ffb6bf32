import { Command } from "commander";
import { logEvents } from "../app/logger.ts";
import { run } from "../app/run.ts";
import { systemClock } from "../app/system.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { ready } from "./ready.ts";

export const runCommand = (io: Io, ends: Ends): Command =>
  new Command("run")
    .description("Serve waiting jobs until stopped. SIGTERM finishes what is in hand; a second one leaves at once.")
    .option(
      "--env <file>",
      "environment file (default: dispatcher.env here, in /etc/dispatcher, or /etc/default/dispatcher)",
    )
    .action(({ env }: { env?: string }) => ends(daemon(io, env)));

async function daemon(io: Io, envFile: string | undefined): Promise<ExitCode> {
  const parts = ready(io, envFile === undefined ? {} : { envFile });
  if (parts === null) return 1;
  const { config, log } = parts;
  const pools = config.pools.map((pool) => `${pool.name} (max ${pool.max})`).join(", ");
  log.info(`dispatcher ${config.instance} serves ${pools}; at most ${config.maxTotal} guests`);
  const dispatcher = parts.compose({ onEvent: logEvents(log) });
  try {
    return await run(config, dispatcher, { clock: systemClock, log, stop: io.stop });
  } finally {
    await parts.close();
  }
}
