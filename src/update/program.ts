import { spawn } from "node:child_process";
import type { Ms } from "../domain/time.ts";

export interface Ended {
  /** Null: it was ended by a signal, or could not be started. */
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end. It never rejects: how it went is in what it left. */
export type RunProgram = (program: string, args: readonly string[], options?: RunOptions) => Promise<Ended>;

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly timeout?: Ms;
}

export const runProgram: RunProgram = (program, args, options = {}) =>
  new Promise((resolve) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"], killSignal: "SIGKILL" });
    let out = "";
    let err = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      out += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      err += text;
    });
    child.once("error", (error) => resolve({ code: null, out, err: error.message }));
    child.once("close", (code) => resolve({ code, out, err }));
  });

/** The last words of a program that failed. */
export const lastWords = ({ code, out, err }: Ended): string =>
  `${err}\n${out}`.trim().split("\n").at(-1) || (code === null ? "it was ended" : `it ended with ${code}`);
