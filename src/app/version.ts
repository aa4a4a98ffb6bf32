import { existsSync, readFileSync } from "node:fs";

/** As package.json has it. */
export function version(): string {
  return (readJson("../../package.json") as { version: string }).version;
}

/** The commit that this was built from. The build writes it down: nothing is asked of git when it runs. */
export function commit(): string {
  const stamp = "../build.json";
  return existsSync(new URL(stamp, import.meta.url)) ? (readJson(stamp) as { commit: string }).commit : "unknown";
}

const readJson = (path: string): unknown => JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8"));
