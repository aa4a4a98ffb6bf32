import { Command } from "commander";
import { whileHolding } from "../app/hold.ts";
import { waitForBoth } from "../app/run.ts";
import { systemClock } from "../app/system.ts";
import type { Config } from "../config/config.ts";
import { nearest } from "../domain/nearest.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { removeTrial, type Tell, tryTemplate } from "./launch/trial.ts";
import { ready } from "./ready.ts";
import { refused } from "./refused.ts";

interface Options {
  readonly pool: string;
  readonly env?: string;
  readonly remove?: true;
  readonly json?: true;
}

export const launchCommand = (io: Io, ends: Ends): Command =>
  new Command("launch")
    .description("One guest without a job, to try a template. Not while a daemon holds the lease of the VMIDs.")
    .requiredOption("--pool <name>", "whose template, nodes and settings")
    .option("--env <file>", "environment file")
    .option("--remove", "remove the guest at the end (otherwise the daemon does, when its runner is idle for long)")
    .option("--json", "one line of JSON for each step, and one for the end")
    .action((options: Options) => ends(launchOne(io, options)));

async function launchOne(io: Io, { pool: name, env, remove, json }: Options): Promise<ExitCode> {
  const parts = ready(io, { ...(env === undefined ? {} : { envFile: env }), quiet: true });
  if (parts === null) return 1;
  try {
    const pool = parts.config.pools.find((known) => known.name === name);
    if (pool === undefined) {
      io.err(`${unknownPool(name, parts.config)}\n`);
      return 1;
    }
    const dispatcher = parts.compose({ onEvent: () => {} });
    const both = await waitForBoth(parts.config, dispatcher, {
      clock: systemClock,
      log: parts.log,
      pause: 1_000,
      stop: AbortSignal.any([io.stop, AbortSignal.timeout(15_000)]),
    });
    if (both !== "ready") return 1;
    const held = await whileHolding(dispatcher.writer, () =>
      play(io, dispatcher.tools, pool, { remove: remove === true, json: json === true }),
    );
    return held.held ? held.value : refused(io, "launch", held.why);
  } finally {
    await parts.close();
  }
}

async function play(
  io: Io,
  tools: Parameters<typeof tryTemplate>[0],
  pool: RunnerPool,
  { remove, json }: { readonly remove: boolean; readonly json: boolean },
): Promise<ExitCode> {
  const tell: Tell = (step, text) => io.out(json ? `${JSON.stringify({ step, text })}\n` : `${text}\n`);
  const trial = await tryTemplate(tools, pool, tell, io.stop);
  const removed = remove && (await removeTrial(tools, pool, trial, tell, io.stop));
  const { guest, node, startedMs, agentMs, onlineMs } = trial;
  if (json) io.out(`${JSON.stringify({ ...guest, node, startedMs, agentMs, onlineMs, removed })}\n`);
  else if (!removed)
    io.out(`guest ${guest.vmid} (${guest.name}) stays: \`dispatcher run\` takes it up and removes it\n`);
  return onlineMs === null ? 1 : 0;
}

export function unknownPool(name: string, { pools }: Config): string {
  const names = pools.map((pool) => pool.name);
  const meant = nearest(name, names);
  return `pool ${name}: there is none of that name; ${meant === null ? `there are ${names.join(", ")}` : `did you mean ${meant}?`}`;
}
