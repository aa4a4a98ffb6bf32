import { posix } from "node:path";
import type { Command, ResolvedCommandContext } from "just-bash";
import type { RunnerFiles } from "../github/jit-config.ts";
import { decodeJitConfig } from "../github/jit-config.ts";
import type { ListenOrder, SessionEnd } from "../github/runner-service.ts";
import { pause } from "../time.ts";
import { commandOf, done, failed, inherited, optionOf, parseArguments } from "./command.ts";
import { currentProcess, currentUser, never } from "./process.ts";
import type { Outcome, System } from "./system.ts";

const names = [".runner", ".credentials", ".credentials_rsaparams"] as const;

/** The runner software: `config.sh` and `run.sh`. Their first argument is the folder that they are in. */
export function runnerCommands(system: System): readonly Command[] {
  const { files } = system;

  const folderOf = (args: readonly string[], context: ResolvedCommandContext): string =>
    files.resolvePath(context.cwd, args[0] ?? ".");

  const refusesRoot = (context: ResolvedCommandContext): boolean =>
    currentUser() === "root" && !context.exportedEnv?.RUNNER_ALLOW_RUNASROOT;

  async function save(folder: string, content: RunnerFiles): Promise<void> {
    for (const name of names) await files.writeFile(posix.join(folder, name), content[name]);
  }

  async function saved(folder: string): Promise<RunnerFiles | null> {
    const found: Partial<Record<(typeof names)[number], string>> = {};
    for (const name of names) {
      const path = posix.join(folder, name);
      if (await files.exists(path)) found[name] = await files.readFile(path);
    }
    const { ".runner": runner, ".credentials": credentials, ".credentials_rsaparams": parameters } = found;
    if (runner === undefined || credentials === undefined || parameters === undefined) return null;
    return { ".runner": runner, ".credentials": credentials, ".credentials_rsaparams": parameters };
  }

  async function forget(folder: string): Promise<void> {
    for (const name of names) await files.rm(posix.join(folder, name), { force: true });
  }

  return [
    commandOf(system, "actions-runner-config", async (args, context) => {
      const folder = folderOf(args, context);
      if (refusesRoot(context)) return refuse("Must not run with sudo");
      const parsed = parseArguments(args.slice(1), { valued: valuedFlags });
      const value = (flag: string): string | null =>
        optionOf(parsed, `--${flag}`) ?? context.exportedEnv?.[`ACTIONS_RUNNER_INPUT_${flag.toUpperCase()}`] ?? null;
      if (parsed.rest.includes("remove")) {
        await forget(folder);
        return done();
      }
      if (!parsed.options.has("--unattended")) return refuse("config.sh waits for answers that nobody gives");
      const [url, token] = [value("url"), value("token")];
      if (url === null || token === null)
        return refuse(`Invalid configuration provided for ${url === null ? "url" : "token"}.`);
      if ((await saved(folder)) !== null)
        return refuse("Cannot configure the runner because it is already configured.");
      if (!(await files.mayWrite(posix.join(folder, ".runner"))))
        return refuse(`Access to the path '${folder}/.runner' is denied.`);
      await pause(system.time, system.durations.register);
      if (system.machine.off.aborted) return never();
      const own = (value("labels") ?? "").split(",").map((label) => label.trim());
      const usual = parsed.options.has("--no-default-labels") ? [] : ["self-hosted", "Linux", "X64"];
      const group = value("runnergroup");
      const answer = system.runners.register({
        url,
        token,
        name: value("name") ?? system.hostname,
        labels: [...new Set([...usual, ...own.filter((label) => label !== "")])],
        ...(group === null ? {} : { group }),
        ephemeral: parsed.options.has("--ephemeral"),
        replace: parsed.options.has("--replace"),
      });
      if (!answer.ok) return refuse(answer.message, answer.exitCode);
      await save(folder, answer.files);
      system.note("runner registered with a registration token");
      return done("√ Runner successfully added\n√ Settings Saved.\n");
    }),

    // `run.sh` ends with 0 whatever its listener said.
    commandOf(system, "actions-runner-run", async (args, context) => ({ ...(await run(args, context)), exitCode: 0 })),
    commandOf(system, "actions-runner-listen", run),
  ];

  async function run(args: readonly string[], context: ResolvedCommandContext): Promise<Outcome> {
    const folder = folderOf(args, context);
    if (refusesRoot(context)) return refuse("Must not run interactively with sudo");
    const parsed = parseArguments(args.slice(1), { valued: ["--jitconfig", "--startuptype"] });
    const config = optionOf(parsed, "--jitconfig") ?? context.exportedEnv?.ACTIONS_RUNNER_INPUT_JITCONFIG ?? null;
    if (!(await files.mayWrite(posix.join(folder, ".runner")))) {
      return end(`Access to the path '${folder}/.runner' is denied.`);
    }
    const jit = config === null ? null : decodeJitConfig(config);
    if (config !== null && jit === null) return end("The JIT configuration cannot be decoded.");
    if (jit !== null) await save(folder, jit);
    const left = await saved(folder);
    if (left === null) return end("Not configured. Run config.(sh/cmd) to configure the runner.");
    await pause(system.time, system.durations.connect);
    if (system.machine.off.aborted) return never();
    const stop = currentProcess()?.stop;
    system.note("runner connects");
    const result = await system.runners.listen({
      credential: { kind: "files", files: left },
      vmid: system.machine.vmid,
      off: system.machine.off,
      ...(stop ? { stop } : {}),
      hooks: await hooksFor(folder, context),
    });
    if (result.ended === "off") return never();
    if (result.ended === "job" || result.ended === "deleted") await forget(folder);
    // Told to end, it takes its whole service with it.
    if (result.ended === "stopped") return never();
    return end(wordsFor(result), result.ended === "job" || result.ended === "deleted" ? 0 : 1);
  }

  function refuse(message: string, exitCode = 1): Outcome {
    system.note(`runner software refuses: ${message}`);
    return failed(message, exitCode);
  }

  function end(message: string, exitCode = 1): Outcome {
    system.note(`runner ends: ${message}`);
    return { ...done(`${message}\n`), exitCode };
  }

  async function hooksFor(folder: string, context: ResolvedCommandContext): Promise<NonNullable<ListenOrder["hooks"]>> {
    const path = posix.join(folder, ".env");
    const lines = (await files.exists(path)) ? (await files.readFile(path)).split("\n") : [];
    const env = { ...context.exportedEnv, ...Object.fromEntries(lines.flatMap(assigned)) };
    const hook = async (when: "STARTED" | "COMPLETED", job: number): Promise<boolean> => {
      const script = env[`ACTIONS_RUNNER_HOOK_JOB_${when}`];
      if (script === undefined || script === "") return true;
      const options = { ...inherited(context), env: { ...env, GITHUB_RUN_ID: String(job), GITHUB_JOB: String(job) } };
      const outcome = await system.program(["bash", script], options);
      if (outcome.exitCode !== 0) system.note(`hook ${script} ended with ${outcome.exitCode}`);
      return outcome.exitCode === 0;
    };
    return {
      started: (job) => hook("STARTED", job),
      completed: async (job) => void (await hook("COMPLETED", job)),
    };
  }
}

const valuedFlags = ["--url", "--token", "--name", "--labels", "--runnergroup", "--work", "--pat"];

function wordsFor(end: Exclude<SessionEnd, { ended: "off" | "stopped" }>): string {
  if (end.ended === "job") return `Job ${end.name} completed with result: ${end.result}`;
  return end.message;
}

function assigned(line: string): [string, string][] {
  const found = /^\s*(\w+)=(.*)$/.exec(line);
  return found === null ? [] : [[found[1] ?? "", found[2] ?? ""]];
}
