import { compose, type Dispatcher } from "../../src/app/dispatcher.ts";
import { waitForBoth } from "../../src/app/run.ts";
import type { Config } from "../../src/config/config.ts";
import { Secret } from "../../src/domain/secret.ts";
import { type Clock, MINUTE, type Ms, SECOND } from "../../src/domain/time.ts";
import type { Disk } from "./disk.ts";
import type { History } from "./history.ts";
import type { Judge } from "./judge.ts";
import type { Caller, Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Setting } from "./setting.ts";
import { surroundingsOf } from "./surroundings.ts";
import type { VirtualTime } from "./time.ts";

export type Moment = "before" | "after" | "answered" | "slept" | "written";

/** Where a life is to end: at the so-many-th of these moments from now. */
export interface Snare {
  readonly moment: Moment;
  readonly wanted: (what: string) => boolean;
  left: number;
  readonly sprung: (where: string) => void;
}

export interface LifeParts {
  readonly setting: Setting;
  readonly time: VirtualTime;
  readonly network: Network;
  readonly judge: Judge;
  readonly history: History;
  readonly random: Random;
  readonly disk: Disk;
  readonly machine: string;
  readonly isDead: (life: number) => boolean;
  /** How far its machine's clock is off. */
  readonly offset: Ms;
}

let lives = 0;

/** One process of the daemon, from its start until it ends or is killed. After a kill nothing of it reaches the outside. */
export class Life implements Caller {
  readonly number: number;
  readonly githubToken: string;
  readonly #parts: LifeParts;
  readonly #stop = new AbortController();
  #alive = true;
  #snare: Snare | null = null;
  /** What the wall clock was set by since the start. */
  #jump: Ms = 0;

  constructor(number: number, parts: LifeParts) {
    this.number = number;
    this.#parts = parts;
    // Octokit's throttling shares its queues between clients of one token, also with those of an earlier life.
    lives += 1;
    this.githubToken = `${parts.setting.githubToken}L${lives}`;
    parts.judge.secrets.learn(this.githubToken);
  }

  alive(): boolean {
    return this.#alive;
  }

  /** Runs until it is stopped; a killed one just never says anything any more. */
  begin(): void {
    this.#tell("starts");
    this.#parts.judge.verdicts.exercise("the daemon does not break");
    this.#live().catch((error: unknown) => {
      if (this.#alive) this.#parts.judge.broke(this.number, error);
    });
  }

  lay(snare: Snare): void {
    this.#snare = snare;
  }

  disarm(): void {
    this.#snare = null;
  }

  kill(where: string): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#tell(`is killed ${where}`);
  }

  /** As SIGTERM does it: what is in hand is finished, then it ends. */
  stop(): void {
    this.#tell("is asked to stop");
    this.#stop.abort();
  }

  setWallClock(by: Ms): void {
    this.#jump += by;
  }

  reaches(moment: Moment, what: string): void {
    const snare = this.#snare;
    if (snare === null || snare.moment !== moment || !this.#alive) return;
    if (!snare.wanted(what)) return;
    snare.left -= 1;
    if (snare.left > 0) return;
    this.#snare = null;
    const where = `${wordsOf[moment]} ${what}`.trimEnd();
    this.kill(where);
    snare.sprung(where);
  }

  async #live(): Promise<void> {
    const { setting, judge, time, offset } = this.#parts;
    const clock = this.#clock();
    const around = surroundingsOf(this, {
      ...this.#parts,
      clock,
      wall: () => time.now() + offset + this.#jump,
      tell: (line) => this.#tell(sayingOf(line)),
    });
    const github = { ...setting.config.github, token: new Secret(this.githubToken) };
    const config: Config = { ...setting.config, github };
    const dispatcher = compose(config, setting.templates, around);
    const stop = this.#stop.signal;
    const ready = await waitForBoth(config, dispatcher, { clock, log: around.log, pause: config.pollInterval, stop });
    if (ready === "refused") judge.broke(this.number, "both services refuse it");
    if (ready === "ready") await this.#serve(dispatcher, stop);
    this.#alive = false;
    this.#tell("has stopped");
  }

  /** The part of the daemon's run that lies between its servers' first answers and its end. */
  async #serve({ engine, writer }: Dispatcher, stop: AbortSignal): Promise<void> {
    const abandon = new AbortController();
    const kept = writer.keep(abandon.signal);
    this.#sweepLater(() => engine.sweep());
    await engine.run(stop, abandon.signal);
    const grace = this.#parts.time.after(90 * SECOND, () => abandon.abort(new Error("the time to stop is over")));
    await engine.drain();
    grace();
    abandon.abort(new Error("stopped"));
    await kept;
    const release = new AbortController();
    this.#parts.time.after(5 * SECOND, () => release.abort());
    await writer.release(release.signal);
  }

  #sweepLater(sweep: () => void): void {
    this.#parts.time.after(5 * MINUTE, () => {
      if (!this.#alive || this.#stop.signal.aborted) return;
      sweep();
      this.#sweepLater(sweep);
    });
  }

  #clock(): Clock {
    const clock = this.#parts.time.clock(this.#parts.offset);
    return {
      now: () => clock.now(),
      sleep: async (ms, signal) => {
        await clock.sleep(ms, signal);
        this.reaches("slept", "");
        if (!this.#alive) await new Promise(() => {});
      },
    };
  }

  #tell(what: string): void {
    this.#parts.history.add(`daemon ${this.number}`, what);
  }
}

const wordsOf = {
  before: "before",
  after: "after",
  answered: "with the answer to",
  slept: "at the end of a sleep",
  written: "after writing",
} as const satisfies Record<Moment, string>;

function sayingOf(line: string): string {
  const { level, msg } = JSON.parse(line) as { level: string; msg: string };
  return `${level}: ${msg}`;
}
