import type { History } from "./history.ts";

/** What must hold at every moment, and what after the calm. */
export const invariants = [
  "no foreign, stray or doubtful guest changed",
  "no running job killed before its hard lifetime",
  "a guest serves one job at most",
  "never more guests than max",
  "no secret where it does not belong",
  "no JIT config used twice",
  "rate limits respected",
  "few running guests retired a minute",
  "one writer",
  "the daemon does not break",
  "every eligible job completed",
  "nothing left on either side",
] as const;
export type Invariant = (typeof invariants)[number];

export interface Violation {
  readonly invariant: Invariant;
  readonly what: string;
}

export class Verdicts {
  readonly violations: Violation[] = [];
  readonly exercised = new Map<Invariant, number>();
  readonly #history: History;

  constructor(history: History) {
    this.#history = history;
  }

  /** One more time that it could have been broken. */
  exercise(invariant: Invariant, times = 1): void {
    this.exercised.set(invariant, (this.exercised.get(invariant) ?? 0) + times);
  }

  violate(invariant: Invariant, what: string): void {
    this.#history.add("VIOLATION", `${invariant}: ${what}`);
    this.violations.push({ invariant, what });
  }

  require(invariant: Invariant, holds: boolean, what: () => string): void {
    this.exercise(invariant);
    if (!holds) this.violate(invariant, what());
  }
}
