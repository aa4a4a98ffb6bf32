import { type Instant, type Ms, SECOND } from "../domain/time.ts";

/** An instant as GitHub writes it, by our clock. */
export type ReadStamp = (stamp: string) => Instant;

/** Whole seconds, and the way of an answer, are no difference between clocks. */
const grain: Ms = 30 * SECOND;

/**
 * GitHub's clock and ours: whoever's is wrong, a job that began a minute ago is a minute old. Each good answer's `Date`
 * tells how far they are apart; only a change beyond its grain counts, so that stamps do not tremble.
 */
export class Stamps {
  #ahead: Ms = 0;

  /** `now`: when the answer came. */
  note(date: string | undefined, now: Instant): void {
    const ahead = now - Date.parse(date ?? "");
    if (Math.abs(ahead - this.#ahead) >= grain) this.#ahead = Math.abs(ahead) < grain ? 0 : ahead;
  }

  readonly read: ReadStamp = (stamp) => Date.parse(stamp) + this.#ahead;

  /** What GitHub's clock says at an instant of ours. */
  theirs(now: Instant): Instant {
    return now - this.#ahead;
  }
}
