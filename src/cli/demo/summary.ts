import type { AuditRecord, Tally } from "../../emulator/audit.ts";

export interface Spread {
  readonly p50: number | null;
  readonly p95: number | null;
}

/** What the demo claims: all of it recomputed from the audit file. */
export interface Summary extends Tally {
  readonly jobs: number;
  readonly completed: number;
  readonly elapsedMs: number;
  readonly queuedToStartMs: Spread;
  readonly queuedToRunningMs: Spread;
  readonly foreignTouched: number;
  /** Jobs whose guest went away while they ran. */
  readonly killedJobs: number;
  /** Jobs that were started more than once. */
  readonly doubledJobs: number;
  /** How often kill -9 was sent, and the longest time from it to the next change that PVE accepted. */
  readonly kills: number;
  readonly takeoverMs: number | null;
}

type Of<E extends AuditRecord["event"]> = Extract<AuditRecord, { event: E }>;

export function summarise(records: readonly AuditRecord[], jobs: number, killedAt: readonly number[] = []): Summary {
  const of = <E extends AuditRecord["event"]>(event: E): readonly Of<E>[] =>
    records.filter((r): r is Of<E> => r.event === event);
  const jobRecords = of("job");
  const queued = new Map(jobRecords.filter((r) => r.what === "queued").map((r) => [r.job, r.at]));
  const started = jobRecords.filter((r) => r.what === "started");
  const ended = jobRecords.filter((r) => r.what === "completed");
  const starts = of("pve").filter((r) => r.call === "start" && r.status === 200);

  const toRunning = started.flatMap((r) => since(queued.get(r.job), r.at));
  const toStart = started.flatMap((r) => {
    // A VMID is used again and again: the start that led to this job is the latest before it.
    const start = starts.findLast((s) => s.vmid === r.vmid && s.at <= r.at);
    return start === undefined ? [] : since(queued.get(r.job), start.at);
  });
  const { left, githubRequests, rateLimitPoints, proxmoxRequests } = of("tally").at(-1) ?? nothing;
  return {
    jobs,
    completed: new Set(ended.map((r) => r.job)).size,
    elapsedMs: ended.length === 0 ? 0 : Math.max(...ended.map((r) => r.at)) - Math.min(...queued.values()),
    queuedToStartMs: spread(toStart),
    queuedToRunningMs: spread(toRunning),
    left,
    foreignTouched: foreignTouched(records),
    killedJobs: new Set(jobRecords.filter((r) => r.what === "killed").map((r) => r.job)).size,
    doubledJobs: started.length - new Set(started.map((r) => r.job)).size,
    kills: killedAt.length,
    takeoverMs: takeoverOf(killedAt, of("pve")),
    githubRequests,
    rateLimitPoints,
    proxmoxRequests,
  };
}

/** Mutating calls at a guest or a volume that was there before the dispatcher, whatever PVE answered. */
export function foreignTouched(records: readonly AuditRecord[]): number {
  const worlds = records.filter((r): r is Of<"world"> => r.event === "world");
  const vmids = new Set(worlds.flatMap((w) => w.foreign.vmids));
  const volumes = new Set(worlds.flatMap((w) => w.foreign.volumes));
  return records.filter(
    (r) =>
      r.event === "pve" && ((r.vmid !== null && vmids.has(r.vmid)) || (r.volume !== null && volumes.has(r.volume))),
  ).length;
}

/** The longest wait from a kill to the next change; null where none came after one. */
function takeoverOf(killedAt: readonly number[], changes: readonly Of<"pve">[]): number | null {
  const waits = killedAt.flatMap((at) => {
    const next = changes.find((change) => change.at > at && change.status === 200);
    return next === undefined ? [] : [next.at - at];
  });
  return waits.length === 0 ? null : Math.max(...waits);
}

const nothing: Tally = {
  left: { guests: 0, seeds: 0, runners: 0 },
  githubRequests: 0,
  rateLimitPoints: 0,
  proxmoxRequests: 0,
};

const since = (from: number | undefined, to: number): readonly number[] => (from === undefined ? [] : [to - from]);

function spread(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (share: number): number | null => sorted[Math.ceil(share * sorted.length) - 1] ?? null;
  return { p50: at(0.5), p95: at(0.95) };
}
