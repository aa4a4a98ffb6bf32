import type { Executed, GuestSystem } from "../../src/emulator/machine.ts";

/** A small guest with the folders that the recordings use. */
export function recordedGuest(mood: { readonly awake: boolean }): GuestSystem {
  const folders = ["/", "/run/", "/etc/", "/tmp/", "/root/", "/run/dispatcher/", "/run/dispatcher2/"];
  const files = new Map<string, Uint8Array>([["/run/lab-ok", new TextEncoder().encode("ok\n")]]);
  files.set("/etc/lab-runner", new TextEncoder().encode("vm 107"));
  files.set("/run/big", new Uint8Array(20 * 1024 ** 2).fill(97));
  const programs = ["sh", "cat", "sleep", "true", "hwclock", "date"];
  const processes = new Map<number, Executed>();
  let lastPid = 400;
  return {
    async execute(command, input) {
      const [program = ""] = command;
      if (!programs.includes(program.replace(/^\/(usr\/)?s?bin\//, ""))) return null;
      processes.set(++lastPid, runOf(command, input));
      return lastPid;
    },
    async executed(pid) {
      const found = processes.get(pid) ?? null;
      if (found?.running === false) processes.delete(pid);
      return found;
    },
    agentAnswers: () => mood.awake,
    readFile: async (path) => files.get(path) ?? null,
    async writeFile(path, content) {
      if (!folders.includes(path.slice(0, path.lastIndexOf("/") + 1))) return false;
      files.set(path, content);
      return true;
    },
  };
}

function runOf(command: readonly string[], input: string): Executed {
  const [program = "", , script = ""] = command;
  if (program.endsWith("sleep")) return { running: true };
  const said = /echo (\w+);/.exec(script)?.[1] ?? "";
  const signal = /kill -(\d+)/.exec(script)?.[1];
  return {
    running: false,
    exitCode: Number(/exit (\d+)/.exec(script)?.[1] ?? 0),
    signal: signal === undefined ? null : Number(signal),
    output: said === "" ? input : `${said}\n`,
    errors: /echo \w+ >&2/.test(script) ? "err\n" : "",
  };
}
