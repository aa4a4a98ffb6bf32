import type { Clock, Instant, Ms } from "../domain/time.ts";

interface Round<T> {
  readonly answer: Promise<T>;
  readonly cut: AbortController;
  waiting: number;
}

/**
 * One question that many ask: whoever asks before a round begins gets that round's answer, so an answer is never older
 * than the wish for it. Rounds do not overlap, begin at least `between` apart, and take place only while somebody waits.
 */
export class Rounds<T> {
  readonly #ask: (signal: AbortSignal) => Promise<T>;
  readonly #clock: Clock;
  readonly #between: () => Ms;
  #coming: Round<T> | null = null;
  #previous: Promise<unknown> = Promise.resolve();
  #began: Instant = Number.NEGATIVE_INFINITY;

  constructor(ask: (signal: AbortSignal) => Promise<T>, clock: Clock, between: () => Ms) {
    this.#ask = ask;
    this.#clock = clock;
    this.#between = between;
  }

  async next(signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    this.#coming ??= this.#prepare();
    const round = this.#coming;
    round.waiting++;
    try {
      return await unlessAborted(round.answer, signal);
    } finally {
      round.waiting--;
      if (round.waiting === 0) this.#giveUp(round);
    }
  }

  #prepare(): Round<T> {
    const cut = new AbortController();
    const answer = this.#previous.then(() => this.#begin(cut.signal));
    this.#previous = answer.catch(() => undefined);
    return { answer, cut, waiting: 0 };
  }

  async #begin(signal: AbortSignal): Promise<T> {
    const early = this.#began + this.#between() - this.#clock.now();
    if (early > 0) await this.#clock.sleep(early, signal);
    signal.throwIfAborted();
    this.#coming = null;
    this.#began = this.#clock.now();
    return this.#ask(signal);
  }

  /** After its answer this does nothing. */
  #giveUp(round: Round<T>): void {
    if (this.#coming === round) this.#coming = null;
    round.cut.abort();
  }
}

function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", abort));
  });
}
