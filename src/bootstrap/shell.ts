import { createHash } from "node:crypto";
import { DispatcherError } from "../domain/errors.ts";
import { Secret } from "../domain/secret.ts";
import { MINUTE, type Ms } from "../domain/time.ts";

/** Root's shell inside of the container, whichever way it was reached. One script at a time. */
export interface Shell {
  /** Runs a script of POSIX sh in a process of its own, with nothing to read. What it printed does not hold the script. */
  exec(script: string, deadline: Ms, signal: AbortSignal): Promise<{ readonly code: number; readonly output: string }>;
  close(): Promise<void>;
}

export interface Script {
  /** For messages. */
  readonly what: string;
  readonly text: string;
  readonly deadline?: Ms;
}

/** Ends well, or throws with the end of what it printed. */
export async function run(
  shell: Shell,
  { what, text, deadline = 2 * MINUTE }: Script,
  signal: AbortSignal,
): Promise<string> {
  const { code, output } = await shell.exec(text, deadline, signal);
  if (code === 0) return output;
  const log = output.trimEnd().split("\n").slice(-tail);
  throw new DispatcherError("task_failed", `${what}: exit code ${code}: ${log.at(-1) ?? ""}`, { log });
}

export interface InsideFile {
  readonly path: string;
  readonly content: Uint8Array | Secret;
  /** As `chmod` takes it. */
  readonly mode: string;
  readonly owner: string;
}

/** In pieces, each awaited; it has its name only when it is whole. Nobody but root reads it before. */
export async function send(
  shell: Shell,
  file: InsideFile,
  signal: AbortSignal,
  onProgress: (sent: number, total: number) => void = () => {},
): Promise<void> {
  const bytes = file.content instanceof Secret ? Buffer.from(file.content.reveal()) : Buffer.from(file.content);
  const sum = createHash("sha256").update(bytes).digest("hex");
  const part = `${file.path}.part`;
  const what = `send ${file.path}`;
  await run(shell, { what, text: `umask 077\n: >${part}` }, signal);
  for (let at = 0; at < bytes.length; at += piece) {
    const lines =
      bytes
        .subarray(at, at + piece)
        .toString("base64")
        .match(/.{1,76}/g) ?? [];
    await run(shell, { what, text: `base64 -d >>${part} <<'${end}'\n${lines.join("\n")}\n${end}` }, signal);
    onProgress(Math.min(at + piece, bytes.length), bytes.length);
  }
  const text = [
    "set -e",
    `sum=$(sha256sum <${part} | cut -c1-64)`,
    `if [ "$sum" != ${sum} ]; then echo "arrived with checksum $sum"; rm -f ${part}; exit 1; fi`,
    `chown ${file.owner} ${part}`,
    `chmod ${file.mode} ${part}`,
    `mv ${part} ${file.path}`,
  ];
  await run(shell, { what, text: text.join("\n") }, signal);
}

const tail = 20;
/** Bytes: what a terminal takes in well under a second. */
const piece = 48 * 1024;
const end = "@end-of-piece";
