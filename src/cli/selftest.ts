import { Command } from "commander";
import { whileHolding } from "../app/hold.ts";
import { systemClock } from "../app/system.ts";
import type { Config } from "../config/config.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { unknownPool } from "./launch.ts";
import { ready } from "./ready.ts";
import { refused } from "./refused.ts";
import { readAll } from "./selftest/reads.ts";
import { tryScratchGuest, untilFailure } from "./selftest/scratch.ts";
import { type StepReport, Steps } from "./selftest/steps.ts";

interface Options {
  readonly task?: true;
  readonly pool?: string;
  readonly env?: string;
  readonly json?: true;
}

export const selftestCommand = (io: Io, ends: Ends): Command =>
  new Command("selftest")
    .description(
      "Asks PVE and GitHub for what a pass needs, and says how long each answer takes. With --task: makes and removes one guest without a runner.",
    )
    .option("--task", "make, start and remove one scratch guest; not while a daemon holds the lease of the VMIDs")
    .option("--pool <name>", "whose template, nodes and settings the scratch guest has (default: the first)")
    .option("--env <file>", "environment file")
    .option("--json", "one line of JSON for each step, and one for the end")
    .action((options: Options) => ends(selftest(io, options)));

/** 1 when a step fails. */
async function selftest(io: Io, { task, pool: name, env, json }: Options): Promise<ExitCode> {
  const parts = ready(io, { ...(env === undefined ? {} : { envFile: env }), quiet: true });
  if (parts === null) return 1;
  try {
    const { config } = parts;
    const chosen = poolsFor(config, name);
    const [pool] = chosen;
    if (pool === undefined) {
      io.err(`${unknownPool(name ?? "", config)}\n`);
      return 1;
    }
    const { client, forge, tools, writer } = parts.compose({ onEvent: () => {} });
    const began = systemClock.now();
    const steps = new Steps(systemClock, (report) => io.out(json ? `${JSON.stringify(report)}\n` : lineOf(report)));
    if (task === true) {
      const held = await whileHolding(writer, () =>
        untilFailure(tryScratchGuest({ ...tools, client }, pool, steps, io.stop)),
      );
      if (!held.held) return refused(io, "selftest --task", held.why);
    } else await readAll({ client, forge, site: tools.site }, chosen, steps, io.stop);
    const passed = steps.allPassed;
    const ms = systemClock.now() - began;
    if (json) io.out(`${JSON.stringify({ passed, ms })}\n`);
    else io.out(passed ? `all steps passed in ${ms} ms\n` : `not all steps passed; they took ${ms} ms\n`);
    return passed ? 0 : 1;
  } finally {
    await parts.close();
  }
}

const poolsFor = ({ pools }: Config, name: string | undefined): readonly RunnerPool[] =>
  name === undefined ? pools : pools.filter((pool) => pool.name === name);

const lineOf = ({ step, result, ms, text }: StepReport): string =>
  `${result.padEnd(8)}${`${ms} ms`.padStart(9)}  ${step}: ${text}\n`;
