import type { Instant, Ms } from "../time.ts";

export interface RunnerRelease {
  /** `2.336.0`. */
  readonly version: string;
  readonly published: Instant;
}

/** How long a newer runner than this one has been out; 0 for the newest, null where the releases do not tell. */
export function behindBy(version: string, releases: readonly RunnerRelease[], now: Instant): Ms | null {
  if (releases.length === 0 || !isVersion(version)) return null;
  const newer = releases.filter((release) => compareVersions(release.version, version) > 0);
  return newer.length === 0 ? 0 : Math.max(0, now - Math.min(...newer.map(({ published }) => published)));
}

const isVersion = (text: string): boolean => /^\d+\.\d+\.\d+$/.test(text);

export function compareVersions(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let at = 0; at < Math.max(left.length, right.length); at++) {
    const difference = (left[at] ?? 0) - (right[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
