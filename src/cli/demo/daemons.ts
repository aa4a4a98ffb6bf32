import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../../domain/naming.ts";
import type { Child } from "./child.ts";
import type { Progress } from "./progress.ts";

export interface DaemonsOptions {
  /** Starts the daemon of that name in its own state folder. */
  readonly start: (name: string) => Child;
  /** never · once: at a third of the jobs · often: at random moments, until two thirds are done. */
  readonly kills: "never" | "once" | "often";
  /** A second daemon waits; the first is killed and stays dead. */
  readonly standby: boolean;
  readonly chance: Chance;
  readonly now: () => number;
  readonly tell: (text: string) => void;
}

const restartAfter = 1_000;

/** The daemons of the demo, and their deaths. */
export class Daemons {
  readonly #options: DaemonsOptions;
  #first: Child | null = null;
  #second: Child | null = null;
  /** When kill -9 was sent. */
  readonly killedAt: number[] = [];
  #nextKill = 0;

  constructor(options: DaemonsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#first = this.#options.start("daemon");
    if (this.#options.standby) this.#second = this.#options.start("standby");
  }

  /** Called again and again: kills when it is time to. */
  async look(progress: Progress): Promise<void> {
    if (!this.#isTime(progress)) return;
    const { standby, chance, now, start, tell } = this.#options;
    this.killedAt.push(now());
    await this.#first?.kill("SIGKILL");
    this.#first = null;
    tell(standby ? "kill -9: the first daemon is gone" : "kill -9: the daemon is gone; starting it again");
    if (standby) return;
    await sleep(restartAfter);
    this.#first = start("daemon");
    this.#nextKill = now() + restartAfter + chance.below(6_000);
  }

  /** Whether one has ended that nobody killed. */
  anyDied(): boolean {
    return this.#first?.running() === false || this.#second?.running() === false;
  }

  async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
    await Promise.all([this.#first, this.#second].map((one) => (one?.running() ? one.kill(signal) : null)));
  }

  #isTime({ jobs, completed, running }: Progress): boolean {
    const { kills, standby, now } = this.#options;
    const often = kills === "often" && !standby;
    if (kills === "never" && !standby) return false;
    if (!often && this.killedAt.length > 0) return false;
    if (often) return now() >= this.#nextKill && completed < Math.floor((2 * jobs) / 3) && completed > 0;
    return completed >= Math.floor(jobs / 3) && running > 0;
  }
}
