import { Bash } from "just-bash";
import type { RunnerService } from "../github/runner-service.ts";
import type { Machine } from "../machine.ts";
import { pause, type WorldTime } from "../time.ts";
import { quote } from "./cloud-config.ts";
import { identityCommands } from "./commands-identity.ts";
import { plainCommands } from "./commands-plain.ts";
import { powerCommands } from "./commands-power.ts";
import { runnerCommands } from "./commands-runner.ts";
import { serviceCommands } from "./commands-services.ts";
import { createDisk } from "./disk.ts";
import type { Durations } from "./durations.ts";
import type { GuestFiles } from "./files.ts";
import type { Image } from "./images.ts";
import { interpreterGaps } from "./interpreter-gaps.ts";
import { never, type Process, runAs } from "./process.ts";
import { createServices, type Services } from "./services.ts";
import { epilogue } from "./trap.ts";
import { createUsers, type Users } from "./users.ts";

export interface ProcessOptions {
  readonly user: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** One character per byte. */
  readonly stdin?: string;
  readonly stop?: AbortSignal | null;
}

export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** The operating system of a guest that runs: its files, users, services, and the shell that its scripts run in. */
export interface System {
  readonly machine: Machine;
  readonly image: Image;
  readonly time: WorldTime;
  readonly durations: Durations;
  readonly runners: RunnerService;
  readonly files: GuestFiles;
  readonly users: Users;
  readonly services: Services;
  hostname: string;
  /** A script's text, as `bash` runs it. */
  script(text: string, options: ProcessOptions): Promise<Outcome>;
  /** A program with its arguments, which no shell looks at. */
  program(argv: readonly string[], options: ProcessOptions): Promise<Outcome>;
  /** The environment of a fresh login. */
  login(user: string): Record<string, string>;
  powerOff(): void;
  note(what: string): void;
}

export interface SystemParts {
  readonly machine: Machine;
  readonly image: Image;
  readonly time: WorldTime;
  readonly durations: Durations;
  readonly runners: RunnerService;
  readonly note: (what: string) => void;
}

// The folders of the interpreter's own programs first: those in sbin only lead there.
const path = "/usr/local/sbin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin";

export function createSystem(parts: SystemParts): System {
  const { machine, time, note } = parts;
  const users = createUsers(["runner", "ci"]);
  const files = createDisk(parts.image, users);
  let goingDown = false;

  async function script(text: string, options: ProcessOptions): Promise<Outcome> {
    const { user, env, cwd, stdin, stop = null } = options;
    const process: Process = { user, stop, trap: null };
    const how = { env: { ...env }, replaceEnv: true, cwd, rawScript: true } as const;
    const outcome = await runAs(process, async () => {
      const done = await guarded(text, { ...how, ...(stdin === undefined ? {} : { stdin, stdinKind: "bytes" }) });
      if (process.trap === null) return done;
      const last = await epilogue(process.trap, text, done, files);
      const after = await guarded(last.text, { ...how, env: last.env });
      return {
        stdout: done.stdout + after.stdout,
        stderr: done.stderr + after.stderr,
        exitCode: after.exitCode,
        env: after.env,
      };
    });
    services.notice();
    return outcome;
  }

  /** An error of the file system ends the script: the interpreter lets it through. */
  async function guarded(text: string, how: Parameters<Bash["exec"]>[1]) {
    if (machine.off.aborted) return never<Outcome & { env: Record<string, string> }>();
    // What is given to the interpreter is set there, but not exported.
    const names = Object.keys(how?.env ?? {}).filter((name) => /^[A-Za-z_]\w*$/.test(name));
    const done = await bash.exec(`export ${names.join(" ")}\n${text}`, how).catch((error: unknown) => ({
      stdout: "",
      stderr: `bash: ${error instanceof Error ? error.message : String(error)}\n`,
      exitCode: 1,
      env: {},
    }));
    return machine.off.aborted ? never<typeof done>() : done;
  }

  const system: System = {
    ...parts,
    files,
    users,
    hostname: "localhost",
    script,

    get services() {
      return services;
    },

    async program(argv, options) {
      const [first = ""] = argv;
      const isScript = first.includes("/") && (await shellScript(files, files.resolvePath(options.cwd, first)));
      // A script gets a process of its own, with its own EXIT handler.
      return script([isScript ? "bash" : "command", ...argv].map(quote).join(" "), options);
    },

    login(user) {
      const home = users.find(user)?.home ?? "/";
      return { PATH: path, HOME: home, USER: user, LOGNAME: user, SHELL: "/bin/bash" };
    },

    powerOff() {
      if (goingDown) return;
      goingDown = true;
      if (!parts.image.powersOff) {
        note("hangs instead of powering off");
        return;
      }
      note("powers off");
      const callOff = time.after(parts.durations.shutdown, () => machine.powerOff());
      machine.off.addEventListener("abort", callOff, { once: true });
    },
  };

  const services = createServices(system);
  const bash = new Bash({
    fs: files,
    cwd: "/",
    env: { PATH: path },
    // What runs here comes from our own side, and its guards would patch the globals of the whole program.
    defenseInDepth: false,
    // Scripts wait for jobs, by the world's time.
    executionLimits: { maxExecutionTimeMs: Number.POSITIVE_INFINITY },
    sleep: async (ms) => {
      await pause(time, ms);
      if (machine.off.aborted) await never();
    },
    customCommands: [
      ...identityCommands(system),
      ...plainCommands(system),
      ...powerCommands(system),
      ...serviceCommands(system),
      ...(parts.image.runner ? runnerCommands(system) : []),
    ],
  });
  bash.registerTransformPlugin(interpreterGaps);
  return system;
}

async function shellScript(files: GuestFiles, path: string): Promise<boolean> {
  // What stands in these is a mark of the interpreter's for a program of its own.
  if (/^(\/usr)?\/bin\//.test(path) || !(await files.exists(path))) return false;
  const { isFile, mode } = await files.stat(path);
  if (!isFile || (mode & 0o111) === 0) return false;
  const text = await files.readFile(path).catch(() => "");
  return /^#!\s*\S*(?:\/|env +)(?:ba|da)?sh\b/.test(text);
}
