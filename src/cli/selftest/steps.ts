import { spellError } from "../../app/logger.ts";
import type { Clock, Ms } from "../../domain/time.ts";

export interface StepReport {
  readonly step: string;
  readonly result: "passed" | "failed" | "skipped";
  readonly ms: Ms;
  /** What was found, why it failed, or why it was skipped. */
  readonly text: string;
}

/** Already told: whoever catches it only has to leave. */
export class StepFailed extends Error {}

/** Runs steps one after another, and tells of each how it ended and how long it took. */
export class Steps {
  readonly #clock: Clock;
  readonly #tell: (report: StepReport) => void;
  #failed = 0;

  constructor(clock: Clock, tell: (report: StepReport) => void) {
    this.#clock = clock;
    this.#tell = tell;
  }

  get allPassed(): boolean {
    return this.#failed === 0;
  }

  /** Throws `StepFailed` when the work fails. */
  async run<T>(step: string, work: () => Promise<T>, textOf: (value: T) => string): Promise<T> {
    const began = this.#clock.now();
    try {
      const value = await work();
      this.#tell({ step, result: "passed", ms: this.#clock.now() - began, text: textOf(value) });
      return value;
    } catch (error) {
      this.#failed += 1;
      this.#tell({ step, result: "failed", ms: this.#clock.now() - began, text: spellError(error) });
      throw new StepFailed(`step ${step} failed`, { cause: error });
    }
  }

  skip(step: string, why: string): void {
    this.#tell({ step, result: "skipped", ms: 0, text: why });
  }
}

/** Null where a step failed: what does not rest on it goes on. */
export async function orNull<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof StepFailed) return null;
    throw error;
  }
}
