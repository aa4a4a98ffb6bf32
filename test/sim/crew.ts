import { type ChildProcess, fork } from "node:child_process";
import { build } from "./build.ts";
import type { RunReport } from "./run.ts";

/**
 * Hands out seeds to processes of this same program, one at a time each. `tell` hears of every report; once there is
 * `enough`, nothing more is worked on.
 */
export async function crew(
  seeds: readonly number[],
  {
    workers,
    argv,
    tell,
    enough = () => false,
  }: {
    readonly workers: number;
    readonly argv: readonly string[];
    readonly tell: (report: RunReport) => void;
    readonly enough?: () => boolean;
  },
): Promise<void> {
  const waiting = [...seeds];
  const program = await build();
  try {
    const start = (): ChildProcess =>
      fork(program.file, [...argv, "--worker"], {
        // Requests are short-lived garbage: a large nursery saves most of its collection. Nobody reads the errors' stacks.
        execArgv: [...program.execArgv, "--max-semi-space-size=64", "--stack-trace-limit=0"],
      });
    const all = Array.from({ length: Math.min(workers, seeds.length) }, start);
    const hear = (report: RunReport): void => {
      tell(report);
      if (!enough()) return;
      waiting.length = 0;
      for (const worker of all) worker.kill();
    };
    await Promise.all(all.map((worker) => oneWorker(worker, waiting, hear)));
  } finally {
    program.remove();
  }
}

function oneWorker(worker: ChildProcess, waiting: number[], tell: (report: RunReport) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    let done = false;
    const next = (): void => {
      const seed = waiting.shift();
      done = seed === undefined;
      if (worker.killed) return;
      if (seed === undefined) worker.disconnect();
      else worker.send(seed);
    };
    worker.on("message", (report: RunReport) => {
      tell(report);
      next();
    });
    worker.on("exit", (code) => (done || worker.killed ? resolve() : reject(new Error(`a worker ended with ${code}`))));
    next();
  });
}

/** The other side: runs each seed that comes. */
export function serveCrew(run: (seed: number) => Promise<RunReport>): void {
  process.on("message", (seed: number) => {
    void run(seed).then((report) => process.send?.(report));
  });
}
