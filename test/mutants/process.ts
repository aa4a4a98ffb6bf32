import { spawn } from "node:child_process";
import type { Copy } from "./copy.ts";

export interface Ended {
  readonly code: number | null;
  readonly out: string;
}

/** Node with these arguments, in the copy. `enough`: asked of what was printed so far; then it is ended. */
export function run(
  copy: Copy,
  args: readonly string[],
  enough: (out: string) => boolean = () => false,
): Promise<Ended> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, args, { cwd: copy.folder, stdio: ["ignore", "pipe", "ignore"] });
    const late = setTimeout(() => child.kill("SIGKILL"), limit);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      // Asked kindly, a test runner ends its tests too.
      if (enough(out)) child.kill("SIGTERM");
    });
    child.once("error", fail);
    child.once("close", (code) => {
      clearTimeout(late);
      done({ code, out });
    });
  });
}

/** A mistake may also be one that never ends. */
const limit = 20 * 60_000;
