import { Command } from "commander";
import { whileHolding } from "../app/hold.ts";
import { logEvents } from "../app/logger.ts";
import { waitForBoth } from "../app/run.ts";
import { systemClock } from "../app/system.ts";
import type { Intent } from "../engine/feature.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { ready } from "./ready.ts";
import { refused } from "./refused.ts";

interface Options {
  readonly env?: string;
  readonly dryRun?: true;
  readonly json?: true;
}

export const onceCommand = (io: Io, ends: Ends): Command =>
  new Command("once")
    .description("One pass: look, decide, and carry it out; with --dry-run only say what would be done, and why.")
    .option("--env <file>", "environment file")
    .option("--dry-run", "change nothing")
    .option("--json", "the plan as JSON")
    .action((options: Options) => ends(once(io, options)));

async function once(io: Io, { env, dryRun, json }: Options): Promise<ExitCode> {
  const parts = ready(io, { ...(env === undefined ? {} : { envFile: env }), quiet: dryRun === true || json === true });
  if (parts === null) return 1;
  const log = logEvents(parts.log);
  let failed = false;
  let seen: Intent | null = null;
  const dispatcher = parts.compose({
    onEvent: (event) => {
      if (event.event === "operation.failed") failed = true;
      if (event.event === "pass.done") seen = event.intent;
      log(event);
    },
  });
  const { engine, writer } = dispatcher;
  try {
    // One pass has no time to wait: what cannot be reached ends it.
    const answer = await waitForBoth(parts.config, dispatcher, {
      clock: systemClock,
      log: parts.log,
      pause: 0,
      stop: onceOnly(io.stop),
    });
    if (answer !== "ready") return 1;
    if (dryRun === true) seen = await engine.intend(io.stop);
    else {
      const held = await whileHolding(writer, async () => {
        await engine.pass(io.stop, new AbortController().signal);
        await engine.drain();
      });
      if (!held.held) return refused(io, "once", held.why);
    }
    if (seen !== null && (dryRun === true || json === true)) io.out(json === true ? asJson(seen) : asText(seen));
    return failed ? 1 : 0;
  } finally {
    await parts.close();
  }
}

/** Ends a wait shortly after its first failure. */
const onceOnly = (stop: AbortSignal): AbortSignal => AbortSignal.any([stop, AbortSignal.timeout(15_000)]);

const asJson = ({ operations, notes }: Intent): string =>
  `${JSON.stringify({
    actions: operations.map(({ kind, key, pool, node, why }) => ({ kind, key, pool, node, why })),
    notes,
  })}\n`;

function asText({ operations, notes }: Intent): string {
  const lines = [
    ...operations.map(({ kind, key, node, why }) => `${kind} ${key}${node === null ? "" : ` on ${node}`}: ${why}`),
    ...notes.map(({ about, text }) => `nothing for ${about}: ${text}`),
  ];
  return lines.length === 0 ? "nothing to do: no job waits and no guest is left\n" : `${lines.join("\n")}\n`;
}
