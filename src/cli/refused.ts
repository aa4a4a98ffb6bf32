import type { ExitCode, Io } from "./io.ts";

/** A command that would change something, but does not hold the leases. */
export function refused(io: Io, command: string, why: string): ExitCode {
  io.err(`${command}: nothing was changed, since the lease cannot be taken: ${why}\n`);
  return 1;
}
