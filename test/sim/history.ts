import { type Instant, SECOND } from "../../src/domain/time.ts";
import { start } from "./time.ts";

/** All that happened outside of the daemon, one line each: equal for equal seeds. */
export class History {
  readonly lines: string[] = [];
  readonly #now: () => Instant;

  constructor(now: () => Instant) {
    this.#now = now;
  }

  add(who: string, what: string): void {
    this.lines.push(`${clockText(this.#now() - start)}  ${who.padEnd(9)}  ${what}`);
  }
}

export function clockText(ms: number): string {
  const two = (n: number): string => String(n).padStart(2, "0");
  const seconds = Math.floor(ms / SECOND);
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return `+${two(h)}:${two(m)}:${two(s)}.${String(ms % SECOND).padStart(3, "0")}`;
}
