import { setMaxListeners } from "node:events";
import { schedule } from "node-cron";
import type { Config } from "../config/config.ts";
import { hasCode } from "../domain/errors.ts";
import { type Clock, type Ms, SECOND } from "../domain/time.ts";
import { type StatusServer, startStatusServer } from "../server/status-server.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { type Logger, spellError } from "./logger.ts";

/** When seeds that were left behind are looked for, besides at the start and after each failure. */
const sweepSchedule = "*/5 * * * *";

/** Operations in hand get this long to finish after the first signal; a restart takes up whatever they leave. */
const grace: Ms = 90 * SECOND;

/** Whoever comes next waits for the lease's end where it cannot be given back. */
const releaseDeadline: Ms = 5 * SECOND;

/** Runs until `stop` is aborted. Resolves to the exit code: 1 when something at the start cannot be mended by waiting. */
export async function run(
  config: Config,
  dispatcher: Dispatcher,
  { clock, log, stop }: { readonly clock: Clock; readonly log: Logger; readonly stop: AbortSignal },
): Promise<0 | 1> {
  const status = await listen(config, dispatcher, log);
  try {
    const ready = await waitForBoth(config, dispatcher, { clock, log, pause: config.pollInterval, stop });
    if (ready !== "ready") return ready === "stopped" ? 0 : 1;
    const abandon = new AbortController();
    // Every operation in hand listens: more than ten are no leak.
    setMaxListeners(0, stop, abandon.signal);
    const kept = dispatcher.writer.keep(abandon.signal);
    const sweeps = schedule(sweepSchedule, () => dispatcher.engine.sweep());
    await dispatcher.engine.run(stop, abandon.signal);
    await sweeps.destroy();
    await drain(dispatcher, abandon, log);
    abandon.abort(new Error("stopped"));
    await kept;
    await dispatcher.writer.release(AbortSignal.timeout(releaseDeadline));
    return 0;
  } finally {
    await status?.close();
  }
}

/** Both services must know us. Refusals end the start; anything else is reported once and waited for. */
export async function waitForBoth(
  config: Config,
  { client, forge }: Pick<Dispatcher, "client" | "forge">,
  { clock, log, pause, stop }: { clock: Clock; log: Logger; pause: Ms; stop: AbortSignal },
): Promise<"ready" | "refused" | "stopped"> {
  const checks: readonly Check[] = [
    { what: `PVE at ${config.proxmox.url.origin}`, ask: async () => `version ${(await client.version(stop)).version}` },
    {
      what: `GitHub at ${config.github.apiUrl.origin}`,
      ask: async () => forge.check(stop).then(() => "token accepted"),
    },
  ];
  const answers = await Promise.all(checks.map((check) => insist(check, { clock, log, pause, stop })));
  return answers.find((answer) => answer !== "ready") ?? "ready";
}

interface Check {
  readonly what: string;
  readonly ask: () => Promise<string>;
}

async function insist(
  { what, ask }: Check,
  { clock, log, pause, stop }: { clock: Clock; log: Logger; pause: Ms; stop: AbortSignal },
): Promise<"ready" | "refused" | "stopped"> {
  let trouble: string | null = null;
  while (!stop.aborted) {
    try {
      log.info(`${what} answers: ${await ask()}`);
      return "ready";
    } catch (error) {
      if (stop.aborted) break;
      if (hasCode(error, "unauthorized", "untrusted", "invalid")) {
        log.error(`${what}: ${spellError(error)}`);
        return "refused";
      }
      const now = `${what}: ${spellError(error)}`;
      if (now !== trouble) log.error(`${now}; waiting for it`);
      trouble = now;
    }
    await clock.sleep(pause, stop).catch(() => {});
  }
  return "stopped";
}

async function drain({ engine }: Dispatcher, abandon: AbortController, log: Logger): Promise<void> {
  const inHand = engine.inHand();
  if (inHand > 0) log.info(`stopping: ${inHand} operations are finished first; runners go on by themselves`);
  const timer = setTimeout(() => abandon.abort(new Error("the time to stop is over")), grace);
  await engine.drain();
  clearTimeout(timer);
  log.info("stopped; a restart takes up the guests where they are");
}

async function listen(config: Config, { health, metrics }: Dispatcher, log: Logger): Promise<StatusServer | null> {
  if (config.listen === null) return null;
  try {
    const server = await startStatusServer({
      ...config.listen,
      health: () => health.report(),
      metrics: async () => ({ type: metrics.registry.contentType, text: await metrics.registry.metrics() }),
    });
    log.info(`health and metrics at ${server.url}`);
    return server;
  } catch (error) {
    // Runners matter more than figures: a taken port is said and lived with.
    log.error(
      `health and metrics on ${config.listen.address}:${config.listen.port}: ${spellError(error)}; set DISPATCHER_LISTEN to a free port`,
    );
    return null;
  }
}
