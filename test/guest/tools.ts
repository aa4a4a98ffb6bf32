import { execFileSync, spawnSync } from "node:child_process";

/** Administrators' tools stand where an ordinary user's path does not look. */
const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` };

/** For `skip`: why a test cannot run here, or false. With REQUIRE_TOOLS=1 it runs, and fails where the tool is missing. */
export function without(tool: string): string | false {
  if (process.env.REQUIRE_TOOLS === "1") return false;
  const missing = spawnSync(tool, ["--version"], { env }).error !== undefined;
  return missing ? `${tool} is not installed here` : false;
}

export const run = (tool: string, ...args: readonly string[]): Buffer =>
  execFileSync(tool, args, { env, stdio: ["ignore", "pipe", "ignore"], maxBuffer: 16 * 1024 * 1024 });
