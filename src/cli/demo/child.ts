import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";

/** One of the demo's processes: an ordinary command of this program. */
export interface Child {
  /** Resolves to the exit code; null when a signal ended it. */
  readonly ended: Promise<number | null>;
  running(): boolean;
  /** The first line on its stdout. */
  readonly firstLine: Promise<string>;
  kill(signal: "SIGTERM" | "SIGKILL"): Promise<number | null>;
}

/** Its output goes to a file, appended. */
export function startChild(
  command: readonly [string, ...string[]],
  options: { cwd: string; log: string; path: string; env?: Readonly<Record<string, string>> },
): Child {
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: options.cwd,
    // What the user has in the environment, a real GITHUB_TOKEN say, is not for the demo.
    env: { PATH: options.path, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(options.log, { flags: "a" });
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  let running = true;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => {
      running = false;
      log.end();
      resolve(code);
    });
  });
  ended.catch(() => {});
  return {
    ended,
    running: () => running,
    firstLine: firstLineOf(child, ended),
    kill(signal) {
      child.kill(signal);
      return ended;
    },
  };
}

function firstLineOf(child: ChildProcess, ended: Promise<number | null>): Promise<string> {
  const line = new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      text += chunk.toString();
      const at = text.indexOf("\n");
      if (at >= 0) resolve(text.slice(0, at));
    });
    ended.then((code) => reject(new Error(`it ended with ${code} before it said anything`)), reject);
  });
  line.catch(() => {});
  return line;
}
