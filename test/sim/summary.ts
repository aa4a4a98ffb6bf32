import { HOUR } from "../../src/domain/time.ts";
import type { RunReport } from "./run.ts";
import { invariants } from "./verdicts.ts";

type Counts = Record<string, number>;

export interface Failure {
  readonly seed: number;
  readonly invariant: string;
  readonly what: string;
  readonly replay: string;
}

export interface Summary {
  readonly seeds: number;
  readonly jobs: { readonly queued: number } & Counts;
  readonly guests: number;
  readonly lives: number;
  readonly faults: Counts;
  readonly kills: Counts;
  readonly invariants: Counts;
  readonly simulatedHours: number;
  readonly realSeconds: number;
  readonly simulatedHoursPerRealSecond: number;
  readonly violations: number;
  readonly failures: readonly Failure[];
}

export function summaryOf(
  reports: readonly Omit<RunReport, "history">[],
  { realSeconds, failures }: { readonly realSeconds: number; readonly failures: readonly Failure[] },
): Summary {
  const sum = (of: (report: Omit<RunReport, "history">) => number): number =>
    reports.reduce((total, report) => total + of(report), 0);
  const together = (of: (report: Omit<RunReport, "history">) => Readonly<Counts>): Counts => {
    const counts: Counts = {};
    for (const report of reports) {
      for (const [name, count] of Object.entries(of(report))) counts[name] = (counts[name] ?? 0) + count;
    }
    return Object.fromEntries(Object.entries(counts).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  const exercised = together((report) => report.exercised);
  const hours = sum((report) => report.virtualMs) / HOUR;
  return {
    seeds: reports.length,
    jobs: { queued: sum((report) => report.queued), ...together((report) => ({ ...report.jobs })) },
    guests: sum((report) => report.guests),
    lives: sum((report) => report.lives),
    faults: together((report) => report.faults),
    kills: together((report) => report.kills),
    // One that was never exercised shows as such.
    invariants: Object.fromEntries(invariants.map((name) => [name, exercised[name] ?? 0])),
    simulatedHours: Math.round(hours),
    realSeconds: Math.round(realSeconds),
    simulatedHoursPerRealSecond: Math.round((10 * hours) / Math.max(realSeconds, 0.001)) / 10,
    violations: sum((report) => report.violations.length),
    failures,
  };
}

export function spellSummary(summary: Summary): string {
  const list = (counts: Counts): string =>
    Object.entries(counts)
      .map(([name, count]) => `  ${String(count).padStart(9)}  ${name}`)
      .join("\n");
  const { seeds, guests, lives, simulatedHours, realSeconds, simulatedHoursPerRealSecond, violations } = summary;
  return [
    `${seeds} seeds, ${simulatedHours} simulated hours in ${realSeconds} s (${simulatedHoursPerRealSecond} a second)`,
    `${guests} guests, ${lives} lives of the daemon`,
    "jobs",
    list(summary.jobs),
    "faults by kind",
    list(summary.faults),
    "kills by point",
    list(summary.kills),
    "invariants, and how often each was exercised",
    list(summary.invariants),
    `${violations} violations`,
    ...summary.failures.map(({ seed, invariant, what, replay }) => `seed ${seed}: ${invariant}: ${what}\n  ${replay}`),
  ].join("\n");
}
