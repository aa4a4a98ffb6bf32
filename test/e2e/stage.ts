import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { watch } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AuditRecord, Tally } from "../../src/emulator/audit.ts";

/** How long any line that a test waits for may take; a run that needs it all has failed. */
const patience = 60_000;

const main = join(import.meta.dirname, "../../src/main.ts");
const tsx = import.meta.resolve("tsx");
// Of all that is in the environment only what whoever runs the tests wants of every process.
const env = { PATH: process.env.PATH, NODE_OPTIONS: process.env.NODE_OPTIONS };

/** One process of ours: what it says, and how it ends. */
export class Program {
  readonly ended: Promise<number | null>;
  readonly #child: ChildProcess;
  #text = "";
  #listeners: (() => void)[] = [];

  constructor(args: readonly string[], cwd: string, more: Readonly<Record<string, string>> = {}) {
    this.#child = spawn(process.execPath, ["--import", tsx, main, ...args], { cwd, env: { ...env, ...more } });
    const hear = (chunk: Buffer): void => {
      this.#text += chunk.toString();
      for (const listener of this.#listeners) listener();
    };
    this.#child.stdout?.on("data", hear);
    this.#child.stderr?.on("data", hear);
    this.ended = new Promise((resolve) => this.#child.once("close", resolve));
    void this.ended.then(() => {
      for (const listener of this.#listeners) listener();
    });
  }

  text(): string {
    return this.#text;
  }

  running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first line that matches; of a JSON log line its level and text. Rejects when the program ends, or takes too long, without it. */
  line(pattern: RegExp): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const found = this.#text
          .split("\n")
          .map(said)
          .find((line) => pattern.test(line));
        if (found !== undefined) end(() => resolve(found));
        else if (!this.running()) end(() => reject(new Error(`it ended without ${pattern}:\n${this.#text}`)));
      };
      const timer = setTimeout(() => end(() => reject(new Error(`no ${pattern} in:\n${this.#text}`))), patience);
      const end = (then: () => void): void => {
        clearTimeout(timer);
        this.#listeners = this.#listeners.filter((listener) => listener !== look);
        then();
      };
      this.#listeners.push(look);
      look();
    });
  }

  stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    this.#child.kill(signal);
    return this.ended;
  }
}

/** An emulator of its own world in a folder of its own, and programs that are pointed at it. */
export class Stage {
  readonly folder = mkdtempSync(join(tmpdir(), "dispatcher-test-"));
  readonly #programs: Program[] = [];
  #emulator: Program | null = null;
  env: Readonly<Record<string, string>> = {};

  /** Starts the emulator; `env` is then what a dispatcher needs to serve it. */
  async emulate(world: unknown, speed = 20, more: readonly string[] = []): Promise<void> {
    this.write("world.json", JSON.stringify(world));
    this.write("audit.jsonl", "");
    const args = [
      "emulate",
      "--world",
      "world.json",
      "--audit",
      "audit.jsonl",
      "--speed",
      String(speed),
      "--json",
      ...more,
    ];
    this.#emulator = this.start(args);
    const ready = JSON.parse(await this.#emulator.line(/^\{/)) as { env: Record<string, string> };
    this.env = ready.env;
  }

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  writeEnv(env: Readonly<Record<string, string>>): void {
    const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
    this.write("dispatcher.env", lines.join(""));
  }

  start(args: readonly string[]): Program {
    const program = new Program(args, this.folder);
    this.#programs.push(program);
    return program;
  }

  audit(): readonly AuditRecord[] {
    // What comes after the last line end is not written to its end yet.
    const lines = readFileSync(join(this.folder, "audit.jsonl"), "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line) as AuditRecord);
  }

  /** Mutating calls, whatever was answered. */
  changes(): readonly AuditRecord[] {
    return this.audit().filter((record) => record.event === "pve" || record.event === "github");
  }

  /** Resolves when the audit file says so: it is looked at whenever it has grown. */
  async until(holds: (records: readonly AuditRecord[]) => boolean): Promise<void> {
    const deadline = AbortSignal.timeout(patience);
    const changes = watch(join(this.folder, "audit.jsonl"), { signal: deadline });
    if (holds(this.audit())) return;
    for await (const _ of changes) if (holds(this.audit())) return;
  }

  /** Stops the emulator, whose last word is what was left behind. */
  async left(): Promise<Tally["left"] | null> {
    await this.#emulator?.stop();
    const last = this.audit().findLast((record) => record.event === "tally");
    return last?.event === "tally" ? last.left : null;
  }

  async close(): Promise<void> {
    await Promise.all(this.#programs.filter((p) => p.running()).map((p) => p.stop("SIGKILL")));
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** A log line as a person would read it; any other line as it is. */
function said(line: string): string {
  if (!line.startsWith('{"level"')) return line;
  const { level, msg } = JSON.parse(line) as { level: string; msg: string };
  return `${level}: ${msg}`;
}
