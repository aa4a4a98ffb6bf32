import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { systemChance } from "../app/system.ts";
import type { AuditEntry } from "../emulator/audit.ts";
import type { Handler } from "../emulator/handler.ts";
import type { Ends } from "./cli.ts";
import { envFor } from "./emulated-env.ts";
import type { ExitCode, Io } from "./io.ts";
import { sampleWorld } from "./sample-world.ts";

interface Options {
  readonly world?: string;
  readonly audit?: string;
  readonly listen: string;
  readonly pvePort: number;
  readonly githubPort: number;
  readonly speed: number;
  readonly githubDelay: number;
  readonly troubles?: number;
  readonly requests?: string;
  readonly env?: string;
  readonly json?: true;
}

export const emulateCommand = (io: Io, ends: Ends): Command =>
  new Command("emulate")
    .description("A pretended PVE and GitHub, to try everything on a laptop. Runs until stopped.")
    .option("--world <file>", "a described world, YAML or JSON (default: one node with a template, a job a minute)")
    .option(
      "--audit <file>",
      "write every mutating call with its target, and every start and end of a job (JSON lines)",
    )
    .option("--listen <address>", "address to serve on", "127.0.0.1")
    .option("--pve-port <port>", "port of the pretended PVE, 0 for any", portNumber, 0)
    .option("--github-port <port>", "port of the pretended GitHub, 0 for any", portNumber, 0)
    .option("--speed <factor>", "how much faster than life durations pass", positive, 1)
    .option("--github-delay <ms>", "how long GitHub takes for each answer, whatever the speed", milliseconds, 0)
    .option("--troubles <n>", "one call in n is slow, refused or cut off, before or after it took effect", oneIn)
    .option("--requests <file>", "write every request to the pretended PVE, without its token (JSON lines)")
    .option("--env <file>", "write the environment file for a dispatcher there (default: print it)")
    .option("--json", "print one line of JSON when ready")
    .action((options: Options) => ends(emulate(io, options)));

async function emulate(io: Io, options: Options): Promise<ExitCode> {
  const { serve, createWorld, worldSpec, readWorld, recorded, selfSigned, wallTime, trouble } = await emulator();
  const spec =
    options.world === undefined
      ? worldSpec.parse(sampleWorld)
      : readWorld(options.world, readFileSync(resolve(io.cwd, options.world), "utf8"));
  const audits = lines(io, options.audit);
  const requests = lines(io, options.requests);
  const audit = (entry: AuditEntry): void => audits.write({ at: Date.now(), ...entry });
  let githubUrl = "http://localhost";
  const time = wallTime(options.speed);
  const troubles = (oneIn: number): readonly [Handler, Handler] => {
    const { troubled, pveRefusal, pveWithoutWorker, githubRefusal } = trouble;
    const common = { chance: systemChance, time, oneIn };
    return [
      troubled(world.pve, { ...common, refusal: pveRefusal, noWorker: pveWithoutWorker }),
      troubled(world.github, { ...common, refusal: githubRefusal, noWorker: null }),
    ];
  };
  const world = createWorld({ spec, time, chance: systemChance, audit, githubUrl: () => githubUrl });
  const certificate = await selfSigned(["localhost", "127.0.0.1", options.listen], new Date());
  const { listen: address } = options;
  const [ofPve, ofGithub] = options.troubles === undefined ? [world.pve, world.github] : troubles(options.troubles);
  const handler = options.requests === undefined ? ofPve : recorded(ofPve, requests.write);
  const { connect } = world;
  const pve = await serve({ handler, tls: certificate, address, port: options.pvePort, profile: "pve", connect });
  const github = await serve({
    handler: delayed(ofGithub, options.githubDelay),
    tls: null,
    address,
    port: options.githubPort,
    profile: "plain",
  });
  githubUrl = github.url;

  const env = envFor(spec, { pve: pve.url, github: github.url, fingerprint: certificate.fingerprint });
  const text = Object.entries(env)
    .map(([name, value]) => `${name}=${JSON.stringify(value)}\n`)
    .join("");
  if (options.env !== undefined) writeFileSync(resolve(io.cwd, options.env), text, { mode: 0o600 });
  if (options.json === true) io.out(`${JSON.stringify({ pve: pve.url, github: github.url, env })}\n`);
  else io.out(greeting(pve.url, github.url, certificate.fingerprint, options.env ?? null, text));

  await tallying(() => audit({ event: "tally", ...world.tally() }), io.stop);
  world.close();
  await Promise.all([pve.close(), github.close()]);
  audits.close();
  requests.close();
  return 0;
}

function oneIn(text: string): number {
  const n = Number(text);
  if (!Number.isInteger(n) || n < 2) throw new InvalidArgumentError("it must be a whole number from 2 on");
  return n;
}

/** What a request does, it does at once; only its answer travels. */
const delayed = (handler: Handler, ms: number): Handler =>
  ms === 0 ? handler : async (request) => (await Promise.all([handler(request), sleep(ms)]))[0];

/** A file of JSON lines, each on disk at once; nothing where no file is asked for. */
function lines(io: Io, path: string | undefined): { write: (line: object) => void; close: () => void } {
  if (path === undefined) return { write: () => {}, close: () => {} };
  const file = openSync(resolve(io.cwd, path), "a");
  return { write: (line) => void writeSync(file, `${JSON.stringify(line)}\n`), close: () => closeSync(file) };
}

/** Loaded only when asked for: the daemon carries no emulator. */
async function emulator() {
  const [{ serve }, { createWorld, worldSpec }, { readWorld }, { recorded }, { selfSigned }, { wallTime }, trouble] =
    await Promise.all([
      import("../emulator/serve.ts"),
      import("../emulator/world.ts"),
      import("../emulator/world-file.ts"),
      import("../emulator/record.ts"),
      import("../emulator/certificate.ts"),
      import("../emulator/time.ts"),
      import("../emulator/trouble.ts"),
    ]);
  return { serve, createWorld, worldSpec, readWorld, recorded, selfSigned, wallTime, trouble };
}

/** Writes the totals every second until stopped, and once more at the end. */
function tallying(write: () => void, stop: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setInterval(write, 1_000);
    const end = (): void => {
      clearInterval(timer);
      write();
      done();
    };
    if (stop.aborted) end();
    else stop.addEventListener("abort", end, { once: true });
  });
}

function greeting(pve: string, github: string, fingerprint: string, file: string | null, env: string): string {
  const where = `pretended PVE     ${pve}\npretended GitHub  ${github}\ncertificate       ${fingerprint}\n`;
  return file === null
    ? `${where}Put the following into dispatcher.env and start \`dispatcher run\`:\n\n${env}`
    : `${where}start \`dispatcher run --env ${file}\`\n`;
}

function milliseconds(text: string): number {
  const ms = Number(text);
  if (!Number.isInteger(ms) || ms < 0) throw new InvalidArgumentError("it must be a whole number of milliseconds");
  return ms;
}

function portNumber(text: string): number {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError("a port is 0 to 65535");
  return port;
}

export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError("it must be a number above 0");
  return value;
}
