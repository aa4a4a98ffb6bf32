import { type Clock, type Instant, MINUTE, type Ms } from "../domain/time.ts";
import type { EngineEvent } from "../engine/events.ts";
import type { ServiceManager } from "./service-manager.ts";

/** The longest that a pass may take: GitHub may ask for a long wait. */
const longestPass: Ms = 15 * MINUTE;

/**
 * What the service manager hears: ready after the first pass, one on standby included, and then a beat for as long as
 * passes end. A loop that hangs falls silent, and so does a process that no longer gets round to beating.
 */
export class Pulse {
  readonly #manager: ServiceManager;
  readonly #clock: Clock;
  readonly #patience: Ms;
  #lastPass: Instant;
  #ready = false;
  #status = "";

  constructor(manager: ServiceManager, clock: Clock, interval: Ms) {
    this.#manager = manager;
    this.#clock = clock;
    // After failures the loop pauses for up to eight intervals.
    this.#patience = 8 * interval + longestPass;
    this.#lastPass = clock.now();
  }

  heard(event: EngineEvent): void {
    const status = statusOf(event);
    if (status === null) return;
    this.#lastPass = this.#clock.now();
    const news = status === this.#status ? [] : [`STATUS=${status}`];
    this.#status = status;
    const ready = this.#ready || event.event === "pass.failed" ? [] : ["READY=1"];
    this.#ready ||= ready.length > 0;
    if (news.length + ready.length > 0) this.#manager.tell(...ready, ...news);
  }

  stopping(): void {
    this.#manager.tell("STOPPING=1", "STATUS=finishes what is in hand; runners go on by themselves");
  }

  /** Beats until `signal` is aborted. */
  async beat(signal: AbortSignal): Promise<void> {
    const { watchdog } = this.#manager;
    if (watchdog === null) return;
    while (!signal.aborted) {
      if (this.#clock.now() - this.#lastPass <= this.#patience) this.#manager.tell("WATCHDOG=1");
      // A third of the limit: a beat that comes late, or not at all, is no death.
      await this.#clock.sleep(watchdog / 3, signal).catch(() => {});
    }
  }
}

/** Null: says nothing about the loop. */
function statusOf(event: EngineEvent): string | null {
  switch (event.event) {
    case "pass.done":
      return "holds the lease";
    case "pass.standby":
      return "on standby";
    case "pass.failed":
      return "a pass failed; the log says why";
    default:
      return null;
  }
}
