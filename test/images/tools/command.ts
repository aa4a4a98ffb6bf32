import { spawnSync } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";

/** Administrators' tools stand where an ordinary user's path does not look. */
const PATH = `${process.env.PATH}:/usr/sbin:/sbin:/usr/local/go/bin`;

export interface Outcome {
  /** Null where the tool could not be started, or took too long. */
  readonly code: number | null;
  /** What it said, on both channels. */
  readonly text: string;
}

export interface Surroundings {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly minutes?: number;
}

export function command(
  tool: string,
  args: readonly string[],
  { cwd, env, input, minutes = 5 }: Surroundings = {},
): Outcome {
  const { status, stdout, stderr, error } = spawnSync(tool, args, {
    cwd,
    input: input ?? "",
    env: { ...process.env, PATH, ...env },
    encoding: "utf8",
    timeout: minutes * 60_000,
    maxBuffer: 64 * 1024 * 1024,
  });
  return { code: status, text: `${stdout ?? ""}${stderr ?? ""}${error === undefined ? "" : error.message}` };
}

/** Whether the machine has it. */
export const has = (tool: string): boolean => command("which", [tool]).code === 0;

/** For `skip`: why a test cannot run here, or false. With REQUIRE_TOOLS=1 it runs, and fails where the tool is missing. */
export const lacks = (tool: string): string | false =>
  process.env.REQUIRE_TOOLS !== "1" && !has(tool) && `${tool} is not installed here`;

/** Outside the tree, and only ever a matter of speed. */
export const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "dispatcher-images");
