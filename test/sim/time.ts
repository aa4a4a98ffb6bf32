import type { Clock, Instant, Ms } from "../../src/domain/time.ts";
import type { WorldTime } from "../../src/emulator/time.ts";
import { Timers } from "./timers.ts";

const real = {
  setTimeout: globalThis.setTimeout,
  clearTimeout: globalThis.clearTimeout,
  setInterval: globalThis.setInterval,
  clearInterval: globalThis.clearInterval,
  setImmediate: globalThis.setImmediate,
};

export const start: Instant = Date.parse("2026-11-21T08:00:00Z");

/** Time that passes as fast as the work in it is done. */
export class VirtualTime implements WorldTime {
  readonly #timers = new Timers();
  #now: Instant = start;
  /** Timers that have fired. */
  steps = 0;

  now(): Instant {
    return this.#now;
  }

  after(ms: Ms, work: () => void): () => void {
    const timer = this.#timers.add(this.#now + Math.max(0, Math.ceil(ms)), work);
    return () => this.#timers.cancel(timer);
  }

  /** Ends when `done`, or when `until` has come, or when nothing will ever happen again. */
  async run(until: Instant, done: () => boolean, rest: () => Promise<void> = turn): Promise<void> {
    await rest();
    while (!done()) {
      const timer = this.#timers.next(until);
      if (timer === null) break;
      this.#now = timer.at;
      this.steps += 1;
      timer.work();
      await rest();
    }
    if (!done()) this.#now = Math.max(this.#now, until);
  }

  /** A clock that is off by so much, as a machine's may be. */
  clock(offset: Ms): Clock {
    return {
      now: () => this.#now + offset,
      sleep: (ms, signal) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          const leave = (): void => {
            callOff();
            reject(signal?.reason);
          };
          const callOff = this.after(ms, () => {
            signal?.removeEventListener("abort", leave);
            resolve();
          });
          signal?.addEventListener("abort", leave, { once: true });
        }),
    };
  }

  /** Libraries with timers of their own keep this time too. Returns how to put the wall clock's back. */
  rule(): () => void {
    const { now } = Date;
    const later =
      (again: boolean) =>
      (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
        const every = again ? Math.max(1, ms) : ms;
        const timer = new FakeTimer(this, every, again, () => work(...args));
        timer.refresh();
        return timer;
      };
    const clear = (timer: unknown): void => {
      if (timer instanceof FakeTimer) timer.close();
    };
    Object.assign(globalThis, {
      setTimeout: later(false),
      setInterval: later(true),
      clearTimeout: clear,
      clearInterval: clear,
    });
    Date.now = () => this.#now;
    const { performance } = globalThis;
    const measured = performance.now;
    performance.now = () => this.#now - start;
    return () => {
      Object.assign(globalThis, real);
      Date.now = now;
      performance.now = measured;
    };
  }
}

/** What Node's timers can do beside firing. */
class FakeTimer {
  readonly #time: VirtualTime;
  readonly #ms: Ms;
  readonly #again: boolean;
  readonly #work: () => void;
  #callOff: () => void = () => {};

  constructor(time: VirtualTime, ms: Ms, again: boolean, work: () => void) {
    this.#time = time;
    this.#ms = ms;
    this.#again = again;
    this.#work = work;
  }

  refresh(): this {
    this.#callOff();
    this.#callOff = this.#time.after(this.#ms, () => {
      if (this.#again) this.refresh();
      this.#work();
    });
    return this;
  }

  close(): void {
    this.#callOff();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return false;
  }
}

/** Promises and callbacks that are ready run; nothing in a run waits for anything else. */
export const turn = (): Promise<void> => new Promise((resolve) => real.setImmediate(resolve));

/** For what works in several turns of the event loop, as an interpreter may. */
export const manyTurns = async (): Promise<void> => {
  for (let n = 0; n < 6; n++) await turn();
};
