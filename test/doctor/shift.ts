import { existsSync, readFileSync } from "node:fs";
import { setImmediate as turn } from "node:timers/promises";
import { compose } from "../../src/app/dispatcher.ts";
import { whileHolding } from "../../src/app/hold.ts";
import { load } from "../../src/app/load.ts";
import { createLogger, logEvents } from "../../src/app/logger.ts";
import { tryScratchGuest, untilFailure } from "../../src/cli/selftest/scratch.ts";
import { type StepReport, Steps } from "../../src/cli/selftest/steps.ts";
import { MINUTE, type Ms, SECOND } from "../../src/domain/time.ts";
import type { AuditEntry } from "../../src/emulator/audit.ts";
import { createGithub } from "../../src/emulator/github/github.ts";
import { githubSpec } from "../../src/emulator/github/spec.ts";
import { createGuests } from "../../src/emulator/guest/guests.ts";
import { images } from "../../src/emulator/guest/images.ts";
import { warmUp } from "../../src/emulator/guest/warm-up.ts";
import { createPve } from "../../src/emulator/pve/pve.ts";
import { pveSpec } from "../../src/emulator/pve/spec.ts";
import { ManualClock } from "../clock.ts";
import { onlyPool, type Variables } from "../config/given.ts";
import { held } from "../contract/guard.ts";
import { seededChance, worldTimeOf } from "../lab.ts";

const builtinTemplate = "/templates/runner.yaml.ejs";

/** The product's own templates, as if they lay at the top. */
function shipped(path: string): string | null {
  const file = new URL(`../..${path}`, import.meta.url);
  return existsSync(file) ? readFileSync(file, "utf8") : null;
}

export interface Shift {
  readonly pve: object;
  readonly env: Variables;
  /** The text of dispatcher.yaml, where there is one. */
  readonly pools?: string;
  readonly github?: object;
}

export interface Selftest {
  /** The first step that failed, or the lease that was refused. */
  readonly failure: { readonly step: string; readonly text: string } | null;
  readonly skipped: readonly StepReport[];
}

/** A dispatcher between the emulators, all in this process and on one clock; it does not run yet. */
export async function open({ pve: pveWorld, env, pools, github: githubWorld = {} }: Shift) {
  const clock = new ManualClock();
  const records: AuditEntry[] = [];
  const common = {
    time: worldTimeOf(clock),
    chance: seededChance(),
    audit: (entry: AuditEntry) => void records.push(entry),
  };
  const github = createGithub({
    ...common,
    spec: githubSpec.parse(githubWorld),
    baseUrl: () => "https://github.com",
  });
  const pve = createPve({
    ...common,
    spec: pveSpec.parse(pveWorld),
    boot: createGuests({ ...common, runners: github.runners, images }),
  });
  const loaded = load({
    env,
    files: { read: (path) => (path === "/dispatcher.yaml" ? (pools ?? null) : shipped(path)) },
    cwd: "/",
    builtinTemplate,
  });
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));

  const lines: string[] = [];
  const log = createLogger({ level: "info", forPeople: false, write: (line) => lines.push(line) });
  const dispatcher = compose(loaded.config, loaded.templates, {
    clock,
    wall: () => clock.now(),
    identity: { holder: "the daemon", isDead: () => false },
    journalFile: null,
    chance: seededChance(7),
    pveFetch: (url, { method, headers, body }) => {
      held({ method, url, contentType: headers["Content-Type"] ?? "", body });
      return pve.handler(new Request(url, { method, headers, ...(body === undefined ? {} : { body }) }));
    },
    githubFetch: (url, init) => github.handler(new Request(url, init)),
    log,
    version: "test",
    onEvent: logEvents(log),
  });
  const { engine, writer, tools, client } = dispatcher;
  const pool = onlyPool(loaded.config);

  const left = () => {
    const { guests, seeds } = pve.tally();
    return { guests, seeds, runners: github.tally().runners };
  };
  const until = <T>(work: Promise<T>): Promise<T> => clock.until(work, rest);

  /** The daemon, until `over`. False when it is not over within `patience`. */
  async function work(over: () => boolean | Promise<boolean>, patience: Ms = 10 * MINUTE): Promise<boolean> {
    await warmUp();
    const stop = new AbortController();
    const began = clock.now();
    let done = false;
    const watch = async (): Promise<void> => {
      while (!done && clock.now() - began < patience) {
        await clock.sleep(SECOND);
        done = await over();
      }
      stop.abort();
      await engine.drain();
    };
    const run = whileHolding(writer, () => engine.run(stop.signal, stop.signal));
    await until(Promise.all([run, watch()]));
    return done;
  }

  /** Every job done, and nothing left. */
  const served = (): boolean => {
    const { guests, seeds, runners } = left();
    return github.settled() && github.counts().succeeded > 0 && guests + seeds + runners + engine.inHand() === 0;
  };

  /** `selftest --task`, as its command does it. */
  async function selftest(): Promise<Selftest> {
    const reports: StepReport[] = [];
    const steps = new Steps(clock, (report) => reports.push(report));
    const { signal } = new AbortController();
    const work = () => untilFailure(tryScratchGuest({ ...tools, client }, pool, steps, signal));
    const lease = await until(whileHolding(writer, work));
    const ended = (result: StepReport["result"]) => reports.filter((report) => report.result === result);
    const [failure] = ended("failed");
    return {
      failure: lease.held ? (failure ?? null) : { step: "lease", text: lease.why },
      skipped: ended("skipped"),
    };
  }

  return {
    clock,
    github,
    pve,
    dispatcher,
    pool,
    left,
    until,
    work,
    served,
    selftest,
    records,
    log: () => lines.join(""),
  };
}

/** Turns of the event loop without news: promises and streams of one step need several. */
const turns = 4;

/** Timers of libraries that know no clock of ours, a queue between calls for example. */
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
const before = timers();

/** Resolves when only time can bring anything forward. */
async function rest(): Promise<void> {
  for (let quiet = 0; quiet < turns; ) {
    await turn();
    quiet = timers() > before ? 0 : quiet + 1;
  }
}
