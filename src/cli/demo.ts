import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError, Option } from "commander";
import { systemChance } from "../app/system.ts";
import { MINUTE } from "../domain/time.ts";
import type { Ends } from "./cli.ts";
import { AuditFile } from "./demo/audit-file.ts";
import { type Child, startChild } from "./demo/child.ts";
import { Daemons } from "./demo/daemons.ts";
import { type Progress, progressOf, reporter, spellProgress } from "./demo/progress.ts";
import { type RealGuestsOptions, realPools, withRealGuests } from "./demo/real-guests.ts";
import { type Summary, summarise } from "./demo/summary.ts";
import { demoPools, demoWorld } from "./demo/world.ts";
import { positive } from "./emulate.ts";
import type { ExitCode, Io } from "./io.ts";

interface Options {
  readonly jobs: number;
  readonly speed: number;
  readonly registration: "jit" | "token";
  readonly delivery: "iso" | "snippets" | "agent";
  readonly world?: string;
  readonly kill?: true;
  readonly faults?: true;
  readonly standby?: true;
  readonly realGuests?: true;
  readonly keep?: true;
  readonly json?: true;
}

/** Longer than any run of it should take; then it gives up and says what is missing. */
const limit = { pretended: 10 * MINUTE, real: 45 * MINUTE };

export const demoCommand = (io: Io, ends: Ends): Command =>
  new Command("demo")
    .description(
      "Serve jobs of a pretended GitHub on a pretended PVE, each a process of its own, by the ordinary `run`.",
    )
    .option("--jobs <n>", "how many jobs", wholeNumber, 8)
    .option("--speed <factor>", "how much faster than life emulated durations pass", positive, 10)
    .addOption(new Option("--registration <kind>", "how runners register").choices(["jit", "token"]).default("jit"))
    .addOption(
      new Option("--delivery <kind>", "how the secret gets in").choices(["iso", "snippets", "agent"]).default("iso"),
    )
    .option("--world <file>", "serve this described world instead (its jobs, its guests)")
    .option("--kill", "kill -9 the daemon midway and start it again; with --faults at random moments, again and again")
    .option("--faults", "one call in twenty is slow, refused or cut off, before or after it took effect")
    .option("--standby", "a second daemon waits; the first is killed midway and stays dead")
    .option("--real-guests", "guests are real Debian machines in QEMU, at life's own speed (needs qemu and mmdebstrap)")
    .option("--keep", "stay up at the end and print the URLs")
    .option("--json", "the last line of stdout is the summary, recomputed from the audit file")
    .action((options: Options) => ends(demo(io, options)));

async function demo(io: Io, options: Options): Promise<ExitCode> {
  const folder = mkdtempSync(join(tmpdir(), "dispatcher-demo-"));
  const stage = new Stage(io, options, folder);
  let good = false;
  try {
    const summary = await stage.play();
    good = isGood(summary);
    io.out(options.json === true ? `${JSON.stringify(summary)}\n` : spellSummary(summary));
    return good ? 0 : 1;
  } finally {
    await stage.close();
    if (good) rmSync(folder, { recursive: true, force: true });
    else io.err(`logs, audit and settings are kept in ${folder}\n`);
  }
}

/** The two processes, and the watch over them. */
class Stage {
  readonly #io: Io;
  readonly #options: Options;
  readonly #folder: string;
  readonly #audit: AuditFile;
  readonly #daemons: Daemons;
  #emulator: Child | null = null;

  constructor(io: Io, options: Options, folder: string) {
    this.#io = io;
    this.#options = options;
    this.#folder = folder;
    this.#audit = new AuditFile(join(folder, "audit.jsonl"));
    this.#daemons = new Daemons({
      start: (name) => this.#startDaemon(name),
      kills: options.kill !== true ? "never" : options.faults === true ? "often" : "once",
      standby: options.standby === true,
      chance: systemChance,
      now: () => Date.now(),
      tell: (text) => {
        if (options.json !== true) io.out(`${text}\n`);
      },
    });
  }

  async play(): Promise<Summary> {
    const jobs = await this.#prepare();
    this.#emulator = this.#start("emulator", [
      "emulate",
      "--world",
      "world.json",
      "--audit",
      "audit.jsonl",
      "--env",
      "dispatcher.env",
      "--speed",
      String(this.#options.realGuests === true ? 1 : this.#options.speed),
      ...(this.#options.faults === true ? ["--troubles", "20"] : []),
      "--json",
    ]);
    const urls = JSON.parse(await this.#emulator.firstLine) as { pve: string; github: string };
    this.#daemons.start();
    const progress = await this.#watch(jobs);
    if (progress.kind === "stuck") this.#io.err(`the demo did not end: ${spellProgress(progress.at)}\n`);
    if (this.#options.keep === true) await this.#stay(urls);
    await this.#daemons.end("SIGTERM");
    await this.#emulator.kill("SIGTERM");
    this.#audit.read();
    return summarise(this.#audit.records, jobs, this.#daemons.killedAt);
  }

  async close(): Promise<void> {
    await this.#daemons.end("SIGKILL");
    if (this.#emulator?.running()) await this.#emulator.kill("SIGKILL");
  }

  /** Ends when every job is done and nothing is left on either side. */
  async #watch(jobs: number): Promise<{ kind: "done" } | { kind: "stuck"; at: Progress }> {
    const report = reporter(this.#io, this.#options.json === true);
    const began = performance.now();
    const real = this.#options.realGuests === true ? "real" : "pretended";
    for (;;) {
      this.#audit.read();
      const now = progressOf(this.#audit.records, jobs);
      report(now, performance.now() - began);
      if (now.completed >= jobs && now.left === 0) return { kind: "done" };
      await this.#daemons.look(now);
      const dead = this.#daemons.anyDied() || this.#emulator?.running() === false;
      if (dead || this.#io.stop.aborted || performance.now() - began > limit[real]) return { kind: "stuck", at: now };
      await sleep(200);
    }
  }

  async #stay({ pve, github }: { pve: string; github: string }): Promise<void> {
    this.#io.err(`still up until Ctrl-C: PVE ${pve}, GitHub ${github}, settings in ${this.#folder}\n`);
    while (!this.#io.stop.aborted) await sleep(200);
  }

  #startDaemon(name: string): Child {
    return this.#start(name, ["run", "--env", "dispatcher.env"], { DISPATCHER_STATE: join(this.#folder, name) });
  }

  #start(name: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Child {
    return startChild([...this.#io.self, ...args] as [string, ...string[]], {
      cwd: this.#folder,
      log: join(this.#folder, `${name}.log`),
      path: this.#io.env.PATH ?? "",
      env,
    });
  }

  #realGuests(): RealGuestsOptions {
    const { env, out } = this.#io;
    const tell = (text: string): void => {
      if (this.#options.json !== true) out(`${text}\n`);
    };
    return { folder: this.#folder, env, tell };
  }

  /** Writes world, pools and folders; resolves to the number of jobs that will come. */
  async #prepare(): Promise<number> {
    const snippets = join(this.#folder, "snippets");
    mkdirSync(snippets);
    writeFileSync(join(this.#folder, "audit.jsonl"), "");
    const { world, jobs, registration, delivery } = this.#options;
    if (world !== undefined) {
      const text = readFileSync(resolve(this.#io.cwd, world), "utf8");
      writeFileSync(join(this.#folder, "world.json"), text);
      const { readWorld } = await import("../emulator/world-file.ts");
      return readWorld(world, text).github.jobs.reduce((sum, arrival) => sum + arrival.count, 0);
    }
    const config = join(this.#folder, "dispatcher.yaml");
    const real = this.#options.realGuests === true;
    writeFileSync(config, real ? realPools : demoPools);
    const pretended = demoWorld({ jobs, registration, delivery, snippets, config });
    const described = real ? await withRealGuests(pretended, this.#realGuests()) : pretended;
    writeFileSync(join(this.#folder, "world.json"), JSON.stringify(described, null, 2));
    return jobs;
  }
}

const isGood = ({ jobs, completed, left, foreignTouched, killedJobs, doubledJobs }: Summary): boolean =>
  completed === jobs &&
  left.guests + left.seeds + left.runners === 0 &&
  foreignTouched + killedJobs + doubledJobs === 0;

function spellSummary(summary: Summary): string {
  const { jobs, completed, elapsedMs, queuedToStartMs, queuedToRunningMs, left, foreignTouched } = summary;
  return [
    `${completed} of ${jobs} jobs completed in ${(elapsedMs / 1_000).toFixed(1)} s`,
    `queued → start call: half within ${queuedToStartMs.p50} ms, 95 % within ${queuedToStartMs.p95} ms`,
    `queued → running:    half within ${queuedToRunningMs.p50} ms, 95 % within ${queuedToRunningMs.p95} ms`,
    `jobs killed: ${summary.killedJobs}, run twice: ${summary.doubledJobs}${spellTakeover(summary)}`,
    `left behind: ${left.guests} guests, ${left.seeds} seeds, ${left.runners} runner records; foreign guests touched: ${foreignTouched}`,
    `${summary.githubRequests} requests to GitHub (${summary.rateLimitPoints} drew on the rate limit), ${summary.proxmoxRequests} to PVE`,
    "",
  ].join("\n");
}

const spellTakeover = ({ kills, takeoverMs }: Summary): string =>
  kills === 0 ? "" : `; ${kills} × kill -9, the next change came at most ${takeoverMs} ms later`;

function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new InvalidArgumentError("it must be a whole number above 0");
  return value;
}
