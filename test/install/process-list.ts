import { readdirSync, readFileSync } from "node:fs";

/** What a process list of this machine shows from now on, those of its containers among it, looked at many times a second. */
export function watchProcesses(): { seen(): readonly string[]; stop(): void } {
  const seen = new Set<string>();
  const timer = setInterval(() => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      try {
        seen.add(readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " "));
      } catch {
        // It has ended.
      }
    }
  }, 50);
  return { seen: () => [...seen], stop: () => clearInterval(timer) };
}
