import { DispatcherError } from "../domain/errors.ts";
import type { Clock, Ms } from "../domain/time.ts";
import { Overdue, withDeadline } from "../proxmox/deadline.ts";

/** What a terminal has printed and nobody has looked at yet. */
export class Screen {
  readonly #clock: Clock;
  #text = "";
  #ended: unknown = null;
  #wake = (): void => {};

  constructor(output: AsyncIterable<Uint8Array>, clock: Clock) {
    this.#clock = clock;
    void this.#read(output);
  }

  /** Waits for it, and forgets everything up to its end. */
  async until(pattern: RegExp, deadline: Ms, signal: AbortSignal): Promise<{ before: string; found: RegExpExecArray }> {
    const search = async (cut: AbortSignal) => {
      for (;;) {
        // One that was given up must not take what the next one waits for.
        cut.throwIfAborted();
        const found = pattern.exec(this.#text);
        if (found !== null) {
          const before = this.#text.slice(0, found.index);
          this.#text = this.#text.slice(found.index + found[0].length);
          return { before, found };
        }
        if (this.#ended !== null) throw this.#ended;
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    };
    try {
      return await withDeadline(search, { clock: this.#clock, deadline, signal });
    } catch (error) {
      if (!(error instanceof Overdue)) throw error;
      throw new DispatcherError("timeout", `console: ${error.message}`);
    } finally {
      this.#wake();
    }
  }

  async #read(output: AsyncIterable<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    try {
      for await (const chunk of output) {
        // Its lines end like a typewriter's.
        this.#text = (this.#text + decoder.decode(chunk, { stream: true }).replaceAll("\r", "")).slice(-longest);
        this.#wake();
      }
      this.#ended = new DispatcherError("unavailable", "console: the connection was closed");
    } catch (error) {
      this.#ended = error;
    }
    this.#wake();
  }
}

const longest = 256 * 1024;
