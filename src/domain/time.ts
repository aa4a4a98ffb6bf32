/** Milliseconds. */
export type Ms = number;
/** Milliseconds since 1970, as the injected clock says. */
export type Instant = number;

export const SECOND: Ms = 1_000;
export const MINUTE: Ms = 60 * SECOND;
export const HOUR: Ms = 60 * MINUTE;

/** Time is a parameter: nothing in domain, engine or runners reads a clock of its own. */
export interface Clock {
  now(): Instant;
  /** Rejects with the signal's reason when aborted. */
  sleep(ms: Ms, signal?: AbortSignal): Promise<void>;
}

/** "850 ms", "45 s", "3 min", "2 h": for reasons that people read. */
export function spell(ms: Ms): string {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < 2 * MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < 2 * HOUR) return `${Math.round(ms / MINUTE)} min`;
  return `${Math.round(ms / HOUR)} h`;
}
