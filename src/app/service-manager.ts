import { spawn } from "node:child_process";
import type { Ms } from "../domain/time.ts";

/** Who started us and wants to be told how it goes. */
export interface ServiceManager {
  /** Assignments of systemd's notification protocol, such as `READY=1`. Told in order; nobody waits for it. */
  tell(...assignments: readonly string[]): void;
  /** Without `WATCHDOG=1` for this long we are killed and started again. Null: nobody watches. */
  readonly watchdog: Ms | null;
}

/** Runs a program to its end; rejects when it fails. */
export type RunProgram = (program: string, args: readonly string[]) => Promise<void>;

/** Null: no service manager listens. */
export function serviceManager(
  env: Readonly<Record<string, string | undefined>>,
  run: RunProgram,
  onTrouble: (error: unknown) => void,
): ServiceManager | null {
  if (!env.NOTIFY_SOCKET) return null;
  let told: Promise<void> = Promise.resolve();
  let failed = false;
  return {
    tell(...assignments) {
      told = told
        .then(() => run("systemd-notify", assignments))
        .catch((error: unknown) => {
          if (!failed) onTrouble(error);
          failed = true;
        });
    },
    watchdog: watchdogOf(env),
  };
}

export const runProgram: RunProgram = (program, args) =>
  new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: "ignore" });
    child.once("error", reject);
    child.once("exit", (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${program}: ended with ${signal ?? code}`)),
    );
  });

/** WATCHDOG_PID names the process that is meant: a child inherits the variables, not the duty. */
function watchdogOf(env: Readonly<Record<string, string | undefined>>): Ms | null {
  const { WATCHDOG_USEC: limit, WATCHDOG_PID: pid } = env;
  if (limit === undefined || !/^[1-9]\d*$/.test(limit)) return null;
  return pid === undefined || Number(pid) === process.pid ? Number(limit) / 1000 : null;
}
