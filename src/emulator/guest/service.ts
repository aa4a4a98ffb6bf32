import { posix } from "node:path";
import type { Started } from "./services.ts";
import type { ProcessOptions, System } from "./system.ts";
import {
  durationIn,
  type Execution,
  environmentFile,
  environmentOf,
  executionOf,
  settingOf,
  type Unit,
} from "./units.ts";

export interface ServiceRun {
  /** Settles when `systemctl start` returns. */
  readonly up: Promise<Started>;
  readonly over: Promise<void>;
}

/** One life of a service, from its conditions to its last `ExecStopPost=`. */
export function runService(system: System, name: string, unit: Unit, stop: AbortController): ServiceRun {
  const oneshot = settingOf(unit, "Service.Type") === "oneshot";
  let cameUp: (started: Started) => void = () => {};
  const up = new Promise<Started>((resolve) => {
    cameUp = resolve;
  });
  return { up, over: live() };

  async function live(): Promise<void> {
    const missing = await unmetCondition();
    if (missing !== null) {
      system.note(`${name} was skipped: ${missing} does not hold`);
      cameUp({ ok: true });
      return;
    }
    const failure = await main();
    if (failure !== null) system.note(`${name} failed: ${failure}`);
    cameUp(failure === null ? { ok: true } : { ok: false, why: `Job for ${name} failed: ${failure}` });
    const last = await sequence("ExecStopPost", null, { SERVICE_RESULT: resultOf(failure) });
    if (last !== null) system.note(`${name}: ${last}`);
    const action = settingOf(unit, failure === null ? "Unit.SuccessAction" : "Unit.FailureAction");
    if (action?.startsWith("poweroff")) system.powerOff();
  }

  async function main(): Promise<string | null> {
    const setup = await prepare();
    if (setup !== null) return setup;
    const before = (await sequence("ExecCondition", stop.signal)) ?? (await sequence("ExecStartPre", stop.signal));
    if (before !== null) return before;
    if (!oneshot) cameUp({ ok: true });
    const limit = durationIn(settingOf(unit, oneshot ? "Service.TimeoutStartSec" : "Service.RuntimeMaxSec") ?? "");
    const callOff = limit === null ? () => {} : system.time.after(limit, () => stop.abort());
    const started = sequence("ExecStart", stop.signal);
    const result = await Promise.race([started, aborted(stop.signal)]);
    callOff();
    return result ?? (await sequence("ExecStartPost", stop.signal));
  }

  async function unmetCondition(): Promise<string | null> {
    for (const value of unit.get("Unit.ConditionPathExists") ?? []) {
      const exists = await system.files.exists(value.replace(/^!/, ""));
      if (exists === value.startsWith("!")) return `ConditionPathExists=${value}`;
    }
    return null;
  }

  async function prepare(): Promise<string | null> {
    const user = settingOf(unit, "Service.User") ?? "root";
    if (system.users.find(user) === null) return `there is no user ${user}`;
    for (const folder of unit.get("Service.RuntimeDirectory")?.flatMap((names) => names.split(/\s+/)) ?? []) {
      const path = posix.join("/run", folder);
      await system.files.mkdir(path, { recursive: true });
      await system.files.chmod(path, Number.parseInt(settingOf(unit, "Service.RuntimeDirectoryMode") ?? "0755", 8));
      system.files.chown(path, user, false);
    }
    return null;
  }

  /** Runs the lines of one setting in turn; the first that fails ends it. */
  async function sequence(
    setting: string,
    until: AbortSignal | null,
    more: Readonly<Record<string, string>> = {},
  ): Promise<string | null> {
    for (const line of unit.get(`Service.${setting}`) ?? []) {
      const usual = await optionsOf(until);
      if (typeof usual === "string") return usual;
      const options = { ...usual, env: { ...usual.env, ...more } };
      const execution = executionOf(line.replaceAll("%n", name).replaceAll("%%", "%"), options.env);
      const failure = await execute(execution, options);
      if (failure !== null && !execution.mayFail) return `${setting}: ${failure}`;
    }
    return null;
  }

  async function optionsOf(until: AbortSignal | null): Promise<ProcessOptions | string> {
    const user = settingOf(unit, "Service.User") ?? "root";
    const files: Record<string, string>[] = [];
    for (const value of unit.get("Service.EnvironmentFile") ?? []) {
      const path = value.replace(/^-/, "");
      if (await system.files.exists(path)) files.push(environmentFile(await system.files.readFile(path)));
      else if (!value.startsWith("-")) return `EnvironmentFile=${path} does not exist`;
    }
    const place = settingOf(unit, "Service.WorkingDirectory") ?? "/";
    const cwd = place === "~" ? (system.users.find(user)?.home ?? "/") : place.replace(/^-/, "");
    if (!(await system.files.exists(cwd))) return `WorkingDirectory=${cwd} does not exist`;
    const env = Object.assign(system.login(user), environmentOf(unit.get("Service.Environment") ?? []), ...files);
    return { user, env, cwd, stop: until };
  }

  async function execute(execution: Execution, options: ProcessOptions): Promise<string | null> {
    const [program = ""] = execution.argv;
    if (program.startsWith("/") && !(await isExecutable(program))) return `${program} is no program`;
    const user = execution.asRoot ? "root" : options.user;
    const outcome = await system.program(execution.argv, { ...options, user });
    if (outcome.exitCode === 0) return null;
    return `${program} ended with ${outcome.exitCode}: ${outcome.stderr.trim().split("\n").at(-1) ?? ""}`;
  }

  async function isExecutable(path: string): Promise<boolean> {
    if (!(await system.files.exists(path))) return false;
    // The interpreter's own programs stand there without a mode.
    return /^(\/usr)?\/bin\//.test(path) || ((await system.files.stat(path)).mode & 0o111) !== 0;
  }
}

/** What systemd tells the programs that run last: whoever is told to end, ends well. */
const resultOf = (failure: string | null): string => (failure === null || failure === told ? "success" : "exit-code");

const told = "it was told to end";

function aborted(signal: AbortSignal): Promise<string> {
  if (signal.aborted) return Promise.resolve(told);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(told), { once: true }));
}
