import { MINUTE, type Ms, SECOND } from "../domain/time.ts";

/** How often a repository is asked for what. All times count from the start of a pass. */
export interface Pace {
  /** Run list of a repository without recent activity. */
  readonly idle: Ms;
  /** Jobs of a run in which none waits. */
  readonly running: Ms;
  /** Filtered run lists. */
  readonly sweep: Ms;
  /** Many repositories: their idle lists and sweeps are spread in time, so that they do not come in bursts. */
  readonly spread: boolean;
}

export function paceOf(repositories: number, pollInterval: Ms): Pace {
  const many = repositories > fewRepositories;
  return {
    idle: slack * (many ? Math.min(4 * pollInterval, 60 * SECOND) : pollInterval),
    running: slack * 2 * pollInterval,
    sweep: Math.max(3 * MINUTE, 3 * pollInterval),
    spread: many,
  };
}

/** So many can all be asked in every pass, even every five seconds, within 900 calls a minute. */
const fewRepositories = 20;

/** A pass may start a little early; it must not skip a turn for that. */
const slack = 0.9;

/** A repository counts as active for this long after something changed in it. */
export const activeFor: Ms = 10 * MINUTE;
