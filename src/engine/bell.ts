import type { Clock, Ms } from "../domain/time.ts";

/** A doorbell that brings the next pass forward: any number of rings before the loop looks are one ring. */
export class Bell {
  #rung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Returns after `ms`, or at once when rung. Rejects when aborted. */
  async wait(ms: Ms, clock: Clock, signal: AbortSignal): Promise<void> {
    if (!this.#rung) {
      const done = new AbortController();
      const rung = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      const slept = clock.sleep(ms, AbortSignal.any([signal, done.signal]));
      // The race leaves the loser behind: its rejection at `done` is nobody's business.
      slept.catch(() => {});
      await Promise.race([slept, rung]).finally(() => done.abort());
    }
    this.#rung = false;
    this.#wake = null;
  }
}
