import type { AuditRecord } from "../../emulator/audit.ts";
import type { Io } from "../io.ts";

export interface Progress {
  readonly jobs: number;
  readonly waiting: number;
  readonly running: number;
  readonly completed: number;
  readonly guests: number;
  /** Guests, seeds and runner records that are still there. */
  readonly left: number;
}

export function progressOf(records: readonly AuditRecord[], jobs: number): Progress {
  const count = (what: string): number =>
    new Set(records.flatMap((r) => (r.event === "job" && r.what === what ? [r.job] : []))).size;
  const [queued, started, completed] = [count("queued"), count("started"), count("completed")];
  const tally = records.findLast((r) => r.event === "tally");
  const left = tally?.event === "tally" ? tally.left : { guests: 0, seeds: 0, runners: 0 };
  return {
    jobs,
    waiting: queued - started,
    running: started - completed,
    completed,
    guests: left.guests,
    left: left.guests + left.seeds + left.runners,
  };
}

export const spellProgress = ({ jobs, waiting, running, completed, guests }: Progress): string =>
  `${completed} of ${jobs} jobs completed, ${running} running, ${waiting} waiting, ${guests} guests`;

/** On a terminal one line that is kept up to date; elsewhere a line whenever something changed; nothing with --json. */
export function reporter(io: Io, silent: boolean): (progress: Progress, elapsedMs: number) => void {
  let last = "";
  return (progress, elapsedMs) => {
    const text = spellProgress(progress);
    const done = progress.completed >= progress.jobs && progress.left === 0;
    if (silent || (text === last && !done)) return;
    last = text;
    const line = `${(elapsedMs / 1_000).toFixed(0).padStart(4)} s  ${text}`;
    io.out(io.terminal ? `\r\u001b[K${line}${done ? "\n" : ""}` : `${line}\n`);
  };
}
