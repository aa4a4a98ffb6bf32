export type ExitCode = 0 | 1 | 2;

/** All that a command knows of the process it runs in. */
export interface Io {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  /** The command line that starts this program again: for `demo`, which runs the ordinary commands. */
  readonly self: readonly [string, ...string[]];
  /** Aborted by the first SIGTERM or SIGINT. */
  readonly stop: AbortSignal;
  /** Whether stdout is a terminal: then output is for people. */
  readonly terminal: boolean;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
}
