import { Command } from "commander";
import { logEvents } from "../app/logger.ts";
import { Pulse } from "../app/pulse.ts";
import { run } from "../app/run.ts";
import { runProgram, serviceManager } from "../app/service-manager.ts";
import { systemClock } from "../app/system.ts";
import { messageOf } from "../domain/errors.ts";
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
  const manager = serviceManager(io.env, runProgram, (error) =>
    log.warn(`the service manager cannot be told: ${messageOf(error)}`),
  );
  const pulse = manager && new Pulse(manager, systemClock, config.pollInterval);
  const logged = logEvents(log);
  const dispatcher = parts.compose({
    onEvent: (event) => {
      logged(event);
      pulse?.heard(event);
    },
  });
  io.stop.addEventListener("abort", () => pulse?.stopping(), { once: true });
  const ended = new AbortController();
  const beating = pulse?.beat(ended.signal);
  try {
    return await run(config, dispatcher, { clock: systemClock, log, stop: io.stop });
  } finally {
    ended.abort();
    await beating;
    await parts.close();
  }
}
