import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { fetch as undiciFetch } from "undici";
import { compose, type Surroundings } from "../app/dispatcher.ts";
import { whileHolding } from "../app/hold.ts";
import { journalFileIn } from "../app/journal-file.ts";
import { createLogger, logEvents } from "../app/logger.ts";
import { processIdentity } from "../app/process-identity.ts";
import { systemChance, systemClock, systemWall } from "../app/system.ts";
import { version } from "../app/version.ts";
import { DispatcherError } from "../domain/errors.ts";
import { MINUTE } from "../domain/time.ts";
import { createFetch } from "../proxmox/tls.ts";
import { type Stopwatch, stopwatch } from "./bench/stopwatch.ts";
import { benchPools, benchWorld } from "./bench/world.ts";
import type { Ends } from "./cli.ts";
import { startChild } from "./demo/child.ts";
import type { ExitCode, Io } from "./io.ts";
import { readSettings } from "./ready.ts";

interface Options {
  readonly n: readonly number[];
  readonly json?: true;
}

interface Measured {
  readonly jobs: number;
  readonly firstMs: number;
  readonly lastMs: number;
}

const githubDelay = "100";
const limit = MINUTE;

export const benchCommand = (io: Io, ends: Ends): Command =>
  new Command("bench").description("How fast this program is, on a pretended PVE and GitHub.").addCommand(
    new Command("launch")
      .description(
        "From the poll's answer that shows the jobs to the start call of each guest, at speed 1: clones and uploads take 350 ms, GitHub's answers 100 ms.",
      )
      .option("--n <list>", "how many jobs at once, one run for each", counts, [1, 8])
      .option("--json", "for programs")
      .action((options: Options) => ends(benchLaunch(io, options)))
      .exitOverride(),
  );

async function benchLaunch(io: Io, { n, json }: Options): Promise<ExitCode> {
  const runs: Measured[] = [];
  for (const jobs of n) {
    const spans = await measure(io, jobs);
    runs.push({ jobs, firstMs: Math.round(Math.min(...spans)), lastMs: Math.round(Math.max(...spans)) });
  }
  const single = runs.find((run) => run.jobs === 1);
  const withRatio = runs.map((run) => ({
    ...run,
    ratio: single === undefined ? null : Math.round((100 * run.lastMs) / single.lastMs) / 100,
  }));
  if (json === true) io.out(`${JSON.stringify({ runs: withRatio })}\n`);
  else
    for (const { jobs, firstMs, lastMs, ratio } of withRatio) {
      const times = ratio === null || jobs === 1 ? "" : `, ${ratio} × the single one`;
      io.out(`${jobs} at once: the first start call after ${firstMs} ms, the last after ${lastMs} ms${times}\n`);
    }
  return 0;
}

/** Emulator in a process of its own, the dispatcher in this one. */
async function measure(io: Io, jobs: number): Promise<readonly number[]> {
  const folder = mkdtempSync(join(tmpdir(), "dispatcher-bench-"));
  const pools = join(folder, "dispatcher.yaml");
  writeFileSync(pools, benchPools(jobs));
  writeFileSync(join(folder, "world.json"), JSON.stringify(benchWorld(jobs, pools)));
  const args = ["emulate", "--world", "world.json", "--env", "dispatcher.env", "--github-delay", githubDelay, "--json"];
  const emulator = startChild([...io.self, ...args] as [string, ...string[]], {
    cwd: folder,
    log: join(folder, "emulator.log"),
    path: io.env.PATH ?? "",
  });
  try {
    await emulator.firstLine;
    return await launchAll(
      { ...io, env: {}, cwd: folder },
      stopwatch(jobs, () => performance.now()),
      jobs,
    );
  } finally {
    await emulator.kill("SIGKILL");
    rmSync(folder, { recursive: true, force: true });
  }
}

async function launchAll(io: Io, watch: Stopwatch, jobs: number): Promise<readonly number[]> {
  const settings = readSettings(io, "dispatcher.env");
  if (settings === null) throw new DispatcherError("internal", "bench launch: its own settings cannot be used");
  const { config, templates } = settings;
  const pve = createFetch(config.proxmox.trust);
  const log = createLogger({ level: "warn", forPeople: io.terminal, write: io.err });
  const tell = logEvents(log);
  const stop = new AbortController();
  setMaxListeners(0, stop.signal);
  const { engine, writer } = compose(config, templates, {
    clock: systemClock,
    wall: systemWall,
    identity: processIdentity(),
    journalFile: journalFileIn(config.stateFolder),
    chance: systemChance,
    log,
    version: version(),
    onEvent: (event) => {
      // What is cut off at the end is no news.
      if (!stop.signal.aborted) tell(event);
    },
    pveFetch: (url, init) => {
      watch.pve(url, init.method);
      return pve.fetch(url, init);
    },
    githubFetch: (async (url: string, init: object) => {
      const response = await undiciFetch(url, init);
      const copy = response.clone();
      void copy.text().then((body) => watch.github(url, body));
      return response;
    }) as unknown as Surroundings["githubFetch"],
  });
  const running = whileHolding(writer, () => engine.run(stop.signal, stop.signal));
  const late = AbortSignal.any([io.stop, AbortSignal.timeout(limit)]);
  const tooLate = new Promise<never>((_, reject) => {
    late.addEventListener(
      "abort",
      () => reject(new DispatcherError("timeout", `bench launch: not all of ${jobs} guests were started in a minute`)),
      { once: true },
    );
  });
  try {
    return await Promise.race([watch.done, tooLate]);
  } finally {
    stop.abort(new Error("measured"));
    await running;
    await engine.drain();
    await pve.close();
  }
}

function counts(text: string): readonly number[] {
  const values = text.split(",").map(Number);
  if (values.some((n) => !Number.isInteger(n) || n < 1 || n > 50)) {
    throw new InvalidArgumentError("it must be whole numbers from 1 to 50, for example 1,8");
  }
  return values;
}
