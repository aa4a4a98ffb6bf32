import type { Instant } from "../../src/domain/time.ts";

export interface Timer {
  readonly at: Instant;
  readonly order: number;
  work: () => void;
  cancelled: boolean;
}

const nothing = (): void => {};

/** A heap of timers: the earliest first, and of those that are due together the one that was set first. */
export class Timers {
  readonly #heap: Timer[] = [];
  #order = 0;
  #cancelled = 0;

  add(at: Instant, work: () => void): Timer {
    const timer = { at, order: this.#order++, work, cancelled: false };
    this.#heap.push(timer);
    this.#up(this.#heap.length - 1);
    return timer;
  }

  /** What it held is let go at once, its place in the heap when enough of them have come together. */
  cancel(timer: Timer): void {
    if (timer.cancelled) return;
    timer.cancelled = true;
    timer.work = nothing;
    this.#cancelled += 1;
    if (this.#cancelled > 512 && this.#cancelled > this.#heap.length / 2) this.#sweep();
  }

  /** The next one that is due by then, taken out; null where there is none. */
  next(until: Instant): Timer | null {
    for (;;) {
      const first = this.#heap[0];
      if (first === undefined || first.at > until) return null;
      this.#takeFirst();
      if (first.cancelled) {
        this.#cancelled -= 1;
        continue;
      }
      first.cancelled = true;
      return first;
    }
  }

  #takeFirst(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#down(0);
  }

  #sweep(): void {
    const kept = this.#heap.filter((timer) => !timer.cancelled).sort((a, b) => (before(a, b) ? -1 : 1));
    this.#heap.splice(0, this.#heap.length, ...kept);
    this.#cancelled = 0;
  }

  #up(from: number): void {
    let at = from;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#swapIf(at, parent)) return;
      at = parent;
    }
  }

  #down(from: number): void {
    let at = from;
    for (;;) {
      const left = 2 * at + 1;
      if (left >= this.#heap.length) return;
      const right = left + 1;
      const child = right < this.#heap.length && this.#isBefore(right, left) ? right : left;
      if (!this.#swapIf(child, at)) return;
      at = child;
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    return a !== undefined && b !== undefined && before(a, b);
  }

  #swapIf(one: number, other: number): boolean {
    const [a, b] = [this.#heap[one], this.#heap[other]];
    if (a === undefined || b === undefined || !before(a, b)) return false;
    this.#heap[one] = b;
    this.#heap[other] = a;
    return true;
  }
}

const before = (a: Timer, b: Timer): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);
