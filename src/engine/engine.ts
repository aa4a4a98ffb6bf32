import type { Clock, Instant } from "../domain/time.ts";
import { Bell } from "./bell.ts";
import type { EngineEvent } from "./events.ts";
import type { Feature, Intent, PassContext } from "./feature.ts";
import { loop } from "./loop.ts";
import { type Operation, Operations } from "./operations.ts";
import type { Site } from "./site.ts";
import type { Role } from "./writer.ts";

const shortestPause = 1_000;

export interface EngineOptions {
  readonly site: Site;
  readonly features: readonly Feature[];
  /** On standby a pass neither looks nor does anything. */
  readonly role: () => Role;
  readonly clock: Clock;
  readonly interval: number;
  readonly onEvent: (event: EngineEvent) => void;
}

/** Observe → decide → perform, again and again. A pass never waits for an operation: it starts it and looks again. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #bell = new Bell();
  readonly #operations: Operations;
  readonly #begun = new Map<Operation, Instant>();
  /** The first pass looks for what an earlier life left behind. */
  #sweepDue = true;
  #due: Instant | null = null;

  constructor(options: EngineOptions) {
    this.#options = options;
    this.#operations = new Operations((operation, error) => this.#ended(operation, error));
  }

  /** Ends when `signal` is aborted; operations in hand go on until `drain`, or until `abandon` is aborted. */
  async run(signal: AbortSignal, abandon: AbortSignal): Promise<void> {
    const { clock, interval, onEvent } = this.#options;
    await loop(
      {
        pass: (passSignal) => this.pass(passSignal, abandon),
        due: () => this.#due,
        onFailure: (error, failures) => onEvent({ event: "pass.failed", error, failures }),
        clock,
        bell: this.#bell,
        interval,
        shortest: Math.min(shortestPause, interval),
      },
      signal,
    );
  }

  /** What would be done now, and why; changes nothing. */
  async intend(signal: AbortSignal): Promise<Intent> {
    return (await this.#look(signal, true)).intent;
  }

  async pass(signal: AbortSignal, abandon: AbortSignal): Promise<void> {
    const { clock, onEvent, role } = this.#options;
    const started = clock.now();
    const now = role();
    this.#due = null;
    if (now.kind === "standby") {
      // Whoever held the lease meanwhile has changed things: what we remember of them is old.
      this.#sweepDue = true;
      onEvent({ event: "pass.standby", why: now.why });
      return;
    }
    const sweeping = this.#sweepDue;
    this.#sweepDue = false;
    const { site, intent } = await this.#look(signal, sweeping).catch((error: unknown) => {
      this.#sweepDue ||= sweeping;
      throw error;
    });
    this.#due = intent.due;
    onEvent({ event: "pass.done", ms: clock.now() - started, site, intent });
    for (const operation of intent.operations) {
      this.#begun.set(operation, clock.now());
      if (this.#operations.start(operation, abandon, () => clock.now())) {
        onEvent({ event: "operation.started", operation });
      }
    }
  }

  /** The next pass, which comes at once, also looks for seeds that were left behind. */
  sweep(): void {
    this.#sweepDue = true;
    this.#bell.ring();
  }

  drain(): Promise<void> {
    return this.#operations.drain();
  }

  inHand(): number {
    return this.#operations.running();
  }

  async #look(signal: AbortSignal, sweeping: boolean): Promise<{ site: PassContext["site"]; intent: Intent }> {
    const { site: door, features, clock } = this.#options;
    this.#operations.beginPass();
    const site = await door.observe(signal, { seeds: sweeping });
    const context = (): PassContext => {
      const now = clock.now();
      return { site, now, inHand: this.#operations.inHand(), resting: this.#operations.resting(now) };
    };
    const intents = await Promise.all(features.map((feature) => feature.intend(context, signal)));
    return {
      site,
      intent: {
        operations: intents.flatMap((intent) => intent.operations),
        notes: intents.flatMap((intent) => intent.notes),
        due: earliest(intents),
      },
    };
  }

  #ended(operation: Operation, error: unknown): void {
    const { clock, onEvent } = this.#options;
    const ms = clock.now() - (this.#begun.get(operation) ?? clock.now());
    this.#begun.delete(operation);
    if (error === null) onEvent({ event: "operation.done", operation, ms });
    else onEvent({ event: "operation.failed", operation, error, ms });
    // What failed may have left a seed.
    if (error !== null) this.#sweepDue = true;
    this.#bell.ring();
  }
}

function earliest(intents: readonly Intent[]): Instant | null {
  const all = intents.flatMap(({ due }) => (due === null ? [] : [due]));
  return all.length === 0 ? null : Math.min(...all);
}
