#!/usr/bin/env node
import { cli } from "./cli/cli.ts";

/** The only file that touches arguments, environment, signals and the exit code. */
const stop = new AbortController();
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  process.on(signal, () => {
    // A second signal means now: a restart takes up whatever is left, as after a crash.
    if (stop.signal.aborted) process.exit(1);
    stop.abort(new Error(signal));
  });
}
// A reader that goes away (`dispatcher status | head`) is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

process.exitCode = await cli({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  self: [process.execPath, ...process.execArgv, process.argv[1] ?? ""],
  stop: stop.signal,
  terminal: process.stdout.isTTY,
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
});
