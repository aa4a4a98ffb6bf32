import { Command } from "commander";
import { whileHolding } from "../app/hold.ts";
import { logEvents } from "../app/logger.ts";
import { waitForBoth } from "../app/run.ts";
import { systemClock } from "../app/system.ts";
import type { SiteView } from "../domain/observation.ts";
import type { Intent } from "../engine/feature.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { type Ready, ready } from "./ready.ts";
import { refused } from "./refused.ts";

interface Options {
  readonly env?: string;
  readonly json?: true;
}

/** What a drain still waits for, and what it leaves to a person. */
export interface Remaining {
  readonly guests: readonly string[];
  readonly strays: readonly string[];
}

export const drainCommand = (io: Io, ends: Ends): Command =>
  new Command("drain")
    .description(
      "Take no more jobs, let the running ones end, and stop when no guest of ours is left; the daemon must be stopped.",
    )
    .option("--env <file>", "environment file")
    .option("--json", "at the end, as JSON, what is left to a person")
    .action((options: Options) => ends(drain(io, options)));

async function drain(io: Io, { env, json }: Options): Promise<ExitCode> {
  const parts = ready(io, { ...(env === undefined ? {} : { envFile: env }), quiet: json === true });
  if (parts === null) return 1;
  try {
    return await drainAll(io, parts, json === true);
  } finally {
    await parts.close();
  }
}

async function drainAll(io: Io, parts: Ready, json: boolean): Promise<ExitCode> {
  const over = new AbortController();
  const log = logEvents(parts.log);
  let left: Remaining | null = null;
  const dispatcher = parts.compose({
    draining: true,
    onEvent: (event) => {
      log(event);
      if (event.event !== "pass.done") return;
      const now = remainingOf(event);
      if (now.guests.join() !== left?.guests.join()) parts.log.info(`left to end: ${now.guests.join(", ") || "none"}`);
      left = now;
      if (now.guests.length === 0 && isIdle(event.intent) && engine.inHand() === 0) over.abort(new Error("drained"));
    },
  });
  const { engine, writer } = dispatcher;
  const stop = AbortSignal.any([io.stop, over.signal]);
  const around = { clock: systemClock, log: parts.log, pause: parts.config.pollInterval, stop };
  if ((await waitForBoth(parts.config, dispatcher, around)) !== "ready") return 1;
  const held = await whileHolding(writer, async () => {
    await engine.run(stop, new AbortController().signal);
    await engine.drain();
  });
  if (!held.held) return refused(io, "drain", held.why);
  return report(io, json, over.signal.aborted, left);
}

/** Strays are left to a person, so they are not waited for. */
export function remainingOf({ site }: { readonly site: SiteView }): Remaining {
  const names = (stray: boolean): readonly string[] =>
    site.guests.filter((guest) => (guest.stray !== null) === stray).map((guest) => guest.name);
  const hidden = site.hidden.map(({ vmid }) => `VMID ${vmid}, which cannot be read`);
  return { guests: [...names(false), ...hidden], strays: names(true) };
}

const isIdle = ({ operations }: Intent): boolean => operations.length === 0;

function report(io: Io, json: boolean, drained: boolean, left: Remaining | null): ExitCode {
  const { guests, strays } = left ?? { guests: [], strays: [] };
  if (json) io.out(`${JSON.stringify({ drained, guests, strays })}\n`);
  else if (drained) io.out(`drained${strays.length === 0 ? "" : `; strays are left alone: ${strays.join(", ")}`}\n`);
  else io.err(`stopped before the end; these go on by themselves: ${guests.join(", ") || "none is known"}\n`);
  return drained ? 0 : 1;
}
