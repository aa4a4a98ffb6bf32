import { type Clock, HOUR, type Instant, MINUTE, type Ms, SECOND } from "../domain/time.ts";

/** GitHub asked us to be quiet. Going on regardless may get the token banned, so everyone who shares it waits. */
export class Pause {
  readonly #clock: Clock;
  #until: Instant = 0;
  #unexplained = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  left(): Ms {
    return Math.max(0, this.#until - this.#clock.now());
  }

  /** Null: GitHub did not say how long. A minute then, doubled each time that it was not enough. */
  begin(asked: Ms | null): Ms {
    const ms = asked ?? Math.min(MINUTE * 2 ** this.#unexplained, HOUR);
    if (asked === null && this.left() === 0) this.#unexplained += 1;
    // A second more, since both sides round; at most a bit over an hour, the longest window that GitHub counts in.
    this.#until = Math.max(this.#until, this.#clock.now() + Math.min(ms + SECOND, HOUR + 5 * MINUTE));
    return this.left();
  }

  /** A call went through. */
  passed(): void {
    if (this.left() === 0) this.#unexplained = 0;
  }
}
