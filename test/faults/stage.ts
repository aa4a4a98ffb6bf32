import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { fetch as undiciFetch } from "undici";
import { compose, type Surroundings } from "../../src/app/dispatcher.ts";
import { load } from "../../src/app/load.ts";
import { createLogger, logEvents } from "../../src/app/logger.ts";
import { foreignTouched } from "../../src/cli/demo/summary.ts";
import { envFor } from "../../src/cli/emulated-env.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { AuditRecord } from "../../src/emulator/audit.ts";
import { selfSigned } from "../../src/emulator/certificate.ts";
import { createGithub } from "../../src/emulator/github/github.ts";
import { createGuests } from "../../src/emulator/guest/guests.ts";
import { images } from "../../src/emulator/guest/images.ts";
import { warmUp } from "../../src/emulator/guest/warm-up.ts";
import { createPve, type PveEmulator } from "../../src/emulator/pve/pve.ts";
import { serve } from "../../src/emulator/serve.ts";
import type { WorldTime } from "../../src/emulator/time.ts";
import { worldSpec } from "../../src/emulator/world.ts";
import { createFetch } from "../../src/proxmox/tls.ts";
import { ManualClock } from "../clock.ts";
import { held } from "../contract/guard.ts";
import { seededChance } from "../emulator/manual-time.ts";
import { worldTimeOf } from "../lab.ts";
import { type Meddler, type RealFetch, Wire } from "./wire.ts";

/** What a fault may reach. */
export interface Stage {
  readonly pve: PveEmulator;
  readonly time: WorldTime;
  readonly records: readonly AuditRecord[];
}

export interface Scenario {
  readonly pve?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly jobs?: number;
  /** How long the world may take, in its own time. */
  readonly patience?: number;
  /** What goes wrong on the way to PVE. */
  readonly fault: (stage: Stage) => Meddler;
}

export interface Outcome {
  readonly left: { readonly guests: number; readonly seeds: number; readonly runners: number };
  /** How often a job was taken by a runner, for each job. */
  readonly served: readonly number[];
  readonly completed: number;
  readonly foreignTouched: number;
  readonly records: readonly AuditRecord[];
  readonly stage: Stage;
  /** World time from the first job to the end. */
  readonly ms: number;
  /** Requests to PVE with which the fault meddled. */
  readonly meddled: number;
  readonly log: string;
}

const foreign = { vmid: 205, name: "web", node: "pve1" };
const baseWorld = {
  nodes: [{ name: "pve1" }, { name: "pve2" }],
  storages: [{ name: "local", shared: true }],
  tokens: [{ id: "dispatcher@pve!faults", secret: "11111111-2222-3333-4444-555555555555" }],
  guests: [{ vmid: 9000, name: "base", node: "pve1", template: true }, foreign],
};

/** A dispatcher that does not run yet, at a world with a fault in it, over real sockets and all on one clock. */
export async function open({ pve: change, env = {}, jobs = 2, fault }: Omit<Scenario, "patience">) {
  await warmUp();
  const clock = new ManualClock();
  const time = worldTimeOf(clock);
  const spec = worldSpec.parse({
    pve: { ...baseWorld, ...change },
    github: {
      repositories: [{ name: "octo/demo" }],
      jobs: jobs === 0 ? [] : [{ labels: ["self-hosted", "linux"], count: jobs, durationMs: 20 * SECOND }],
    },
    dispatcher: { RUNNER_LABELS: "linux,x64", RUNNER_ID_START: "200", RUNNER_ID_END: "299", RUNNER_MAX: "4", ...env },
  });
  const records: AuditRecord[] = [];
  const common = {
    time,
    chance: seededChance(),
    audit: (entry: object) => void records.push({ at: clock.now(), ...entry } as AuditRecord),
  };
  let githubUrl = "http://localhost";
  const github = createGithub({ ...common, spec: spec.github, baseUrl: () => githubUrl });
  const boot = createGuests({ ...common, runners: github.runners, images });
  const pve = createPve({ ...common, spec: spec.pve, boot });
  const stage: Stage = { pve, time, records };

  const wire = new Wire();
  const certificate = await selfSigned(["127.0.0.1"], new Date());
  const at = { address: "127.0.0.1", port: 0 };
  const servedPve = await serve({
    ...at,
    handler: wire.server(pve.handler, fault(stage)),
    tls: certificate,
    profile: "pve",
  });
  const servedGithub = await serve({ ...at, handler: wire.server(github.handler), tls: null, profile: "plain" });
  githubUrl = servedGithub.url;

  const loaded = load({
    env: envFor(spec, { pve: servedPve.url, github: servedGithub.url, fingerprint: certificate.fingerprint }),
    files: { read: (path) => (existsSync(path) ? readFileSync(path, "utf8") : null) },
    cwd: "/",
    builtinTemplate: fileURLToPath(new URL("../../templates/runner.yaml.ejs", import.meta.url)),
  });
  if (!loaded.ok) throw new Error(loaded.problems.join("\n"));
  const lines: string[] = [];
  const log = createLogger({
    level: "info",
    forPeople: false,
    write: (line) => lines.push(`${(clock.now() - began) / SECOND} ${line}`),
  });
  const began = clock.now();
  const way = createFetch(loaded.config.proxmox.trust);
  const fetch: typeof way.fetch = (url, init) => {
    held({
      method: init.method,
      url,
      contentType: new Headers(init.headers).get("content-type") ?? "",
      body: init.body,
    });
    return way.fetch(url, init);
  };
  const dispatcher = compose(loaded.config, loaded.templates, {
    clock,
    wall: () => clock.now(),
    identity: { holder: "the daemon", isDead: () => false },
    journalFile: null,
    chance: seededChance(7),
    pveFetch: wire.client(fetch as unknown as RealFetch),
    githubFetch: wire.client(undiciFetch as unknown as RealFetch) as unknown as Surroundings["githubFetch"],
    log,
    version: "test",
    onEvent: logEvents(log),
  });

  const left = () => {
    const { guests, seeds } = pve.tally();
    return { guests, seeds, runners: github.tally().runners };
  };
  /** Lets time pass while nothing else moves. */
  const until = <T>(work: Promise<T>): Promise<T> => clock.until(work, wire.rest);
  const close = async (): Promise<void> => {
    await Promise.all([servedPve.close(), servedGithub.close(), way.close()]);
  };
  const { config } = loaded;
  return { dispatcher, config, clock, github, stage, left, until, close, wire, log: () => lines.join("") };
}

/** The daemon in such a world, until every job is done and nothing is left. */
export async function play({ patience = 30 * MINUTE, ...scenario }: Scenario): Promise<Outcome> {
  const { dispatcher, clock, github, stage, left, until, close, wire, log } = await open(scenario);
  const began = clock.now();
  const over = (): boolean => {
    const { guests, seeds, runners } = left();
    return github.settled() && guests + seeds + runners + dispatcher.engine.inHand() === 0;
  };
  const stop = new AbortController();
  const abandon = new AbortController();
  const watch = async (): Promise<void> => {
    while (!over() && clock.now() - began < patience) await clock.sleep(SECOND);
    stop.abort();
    await dispatcher.engine.drain();
  };
  /** What the daemon's schedule does every five minutes. */
  const sweep = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      await clock.sleep(5 * MINUTE, stop.signal).catch(() => {});
      if (!stop.signal.aborted) dispatcher.engine.sweep();
    }
  };
  try {
    const run = dispatcher.engine.run(stop.signal, abandon.signal);
    const kept = dispatcher.writer.keep(stop.signal);
    await until(Promise.all([run, kept, watch(), sweep()]));
  } finally {
    abandon.abort();
    await close();
  }
  const { records } = stage;
  const ofJobs = records.flatMap((r) => (r.event === "job" ? [r] : []));
  return {
    left: left(),
    served: [...github.state.jobs.keys()].map(
      (id) => ofJobs.filter((r) => r.job === id && r.what === "started").length,
    ),
    completed: github.counts().succeeded,
    foreignTouched: foreignTouched(records),
    records,
    stage,
    ms: clock.now() - began,
    meddled: wire.meddled,
    log: log(),
  };
}
