import type { Clock, Instant, Ms } from "../domain/time.ts";
import type { Bell } from "./bell.ts";

export interface LoopOptions {
  readonly pass: (signal: AbortSignal) => Promise<void>;
  readonly onFailure: (error: unknown, failures: number) => void;
  readonly clock: Clock;
  readonly bell: Bell;
  readonly interval: Ms;
  /** When the next pass should come at the latest, where that is before its usual time. */
  readonly due?: () => Instant | null;
  /** A ringing bell brings the next pass no nearer than this. */
  readonly shortest: Ms;
}

/** Passes never overlap; a failed pass only lengthens the pause; only `signal` ends it. */
export async function loop(options: LoopOptions, signal: AbortSignal): Promise<void> {
  const { pass, onFailure, clock, bell, interval, shortest } = options;
  let failures = 0;
  while (!signal.aborted) {
    try {
      await pass(signal);
      failures = 0;
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      onFailure(error, failures);
    }
    try {
      await clock.sleep(shortest, signal);
      // After a failure the bell is not heard: it would turn an outage into a busy loop.
      if (failures === 0) await bell.wait(Math.max(0, Math.min(interval - shortest, untilDue(options))), clock, signal);
      else await clock.sleep(pauseAfter(interval, failures), signal);
    } catch {
      return; // Aborted while asleep: the ordinary way out.
    }
  }
}

function untilDue({ due, clock }: LoopOptions): Ms {
  const at = due?.() ?? null;
  return at === null ? Number.POSITIVE_INFINITY : at - clock.now();
}

const pauseAfter = (interval: Ms, failures: number): Ms => Math.min(interval * 2 ** (failures - 1), 8 * interval);
