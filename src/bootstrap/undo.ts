import { messageOf } from "../domain/errors.ts";

/** What a failed bootstrap takes back: last things first, and one that does not work keeps none of the others. */
export class Undo {
  readonly #steps: { readonly what: string; readonly work: (signal: AbortSignal) => Promise<void> }[] = [];

  push(what: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.#steps.push({ what, work });
  }

  async all(tell: (line: string) => void, signal: AbortSignal): Promise<void> {
    for (const { what, work } of this.#steps.reverse()) {
      try {
        await work(signal);
        tell(`taken back  ${what}`);
      } catch (error) {
        tell(`left behind ${what}: ${messageOf(error)}`);
      }
    }
  }
}
