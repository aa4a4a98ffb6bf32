import { createInterface } from "node:readline/promises";
import type { Io } from "../io.ts";

/** Whether a person agrees. Where nobody can be asked, nobody does. */
export async function agrees(io: Io, question: string, yes: boolean): Promise<boolean> {
  if (yes) return true;
  if (!io.terminal || !process.stdin.isTTY) {
    io.err("nothing was changed: nobody can be asked here; give --yes\n");
    return false;
  }
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const answer = await lines.question(`${question} [y/N] `, { signal: io.stop });
    const agreed = /^y(es)?$/i.test(answer.trim());
    if (!agreed) io.err("nothing was changed\n");
    return agreed;
  } finally {
    lines.close();
  }
}
