/** The two moments that count, as they pass by on the wire. */
export interface Stopwatch {
  readonly pve: (url: string, method: string) => void;
  readonly github: (url: string, body: string) => void;
  /** Milliseconds from the answer that first showed the burst to each start call, once `jobs` of them were sent. */
  readonly done: Promise<readonly number[]>;
}

/** The first start is the warm-up's: the first run that is listed after it is the burst. */
export function stopwatch(jobs: number, now: () => number): Stopwatch {
  const known = new Set<number>();
  const starts: number[] = [];
  let warm = false;
  let seen: number | null = null;
  let finish: (spans: readonly number[]) => void = () => {};
  const done = new Promise<readonly number[]>((resolve) => {
    finish = resolve;
  });

  return {
    done,
    pve(url, method) {
      if (method !== "POST" || !url.endsWith("/status/start")) return;
      if (!warm) {
        warm = true;
        return;
      }
      if (seen === null) return;
      starts.push(now() - seen);
      if (starts.length === jobs) finish(starts);
    },
    github(url, body) {
      if (!new URL(url).pathname.endsWith("/actions/runs") || body === "") return;
      const runs = (JSON.parse(body) as { workflow_runs?: readonly { id: number }[] }).workflow_runs ?? [];
      if (warm && seen === null && runs.some(({ id }) => !known.has(id))) seen = now();
      for (const { id } of runs) known.add(id);
    },
  };
}
