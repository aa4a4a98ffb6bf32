import type { NodeName, PoolName } from "../domain/ids.ts";
import { type Instant, MINUTE, type Ms, SECOND, spell } from "../domain/time.ts";

/** What this process is doing about one thing: a guest, a seed, a record. `key` names the thing. */
export interface Operation {
  readonly key: string;
  readonly kind: string;
  readonly pool: PoolName;
  readonly node: NodeName | null;
  readonly why: string;
  /** What rests for a while when this fails. */
  readonly restKey: string;
  /** What rests instead when the fault lies elsewhere. A success ends both rests. */
  readonly elsewhere?: { readonly restKey: string; readonly isFault: (error: unknown) => boolean };
  run(signal: AbortSignal): Promise<void>;
}

interface Held {
  readonly operation: Operation;
  readonly done: Promise<void>;
  ended: boolean;
}

interface Rest {
  readonly failures: number;
  readonly until: Instant;
  readonly why: string;
}

/**
 * The table of what this process has begun. One thing has one operation at most, and a pass is told of every operation
 * that was in our hands at any moment since the pass began, so that no observation older than its end is acted on.
 */
export class Operations {
  readonly #held = new Map<string, Held>();
  readonly #rests = new Map<string, Rest>();
  readonly #onEnd: (operation: Operation, error: unknown) => void;

  constructor(onEnd: (operation: Operation, error: unknown) => void) {
    this.#onEnd = onEnd;
  }

  /** Starts nothing, and says so, when the thing is already in our hands. */
  start(operation: Operation, signal: AbortSignal, now: () => Instant): boolean {
    const before = this.#held.get(operation.key);
    if (before !== undefined && !before.ended) return false;
    const done = this.#run(operation, signal, now);
    const held: Held = { operation, done, ended: false };
    void done.then(() => {
      held.ended = true;
    });
    this.#held.set(operation.key, held);
    return true;
  }

  /** Call at the start of a pass: what has ended before it is forgotten. */
  beginPass(): void {
    for (const [key, held] of this.#held) if (held.ended) this.#held.delete(key);
  }

  /** All operations that were in hand at some moment since `beginPass`. */
  inHand(): readonly Operation[] {
    return [...this.#held.values()].map((held) => held.operation);
  }

  running(): number {
    return [...this.#held.values()].filter((held) => !held.ended).length;
  }

  /** What rests after failures, and why: said wherever the same wish comes again. */
  resting(now: Instant): ReadonlyMap<string, string> {
    return new Map(
      [...this.#rests]
        .filter(([, rest]) => rest.until > now)
        .map(([key, rest]) => [key, `tried again in ${spell(rest.until - now)} after: ${rest.why}`]),
    );
  }

  /** Resolves when nothing is in hand any more; never rejects. */
  async drain(): Promise<void> {
    await Promise.allSettled([...this.#held.values()].map((held) => held.done));
  }

  async #run(operation: Operation, signal: AbortSignal, now: () => Instant): Promise<void> {
    let failure: unknown = null;
    try {
      await operation.run(signal);
      this.#rests.delete(operation.restKey);
      if (operation.elsewhere !== undefined) this.#rests.delete(operation.elsewhere.restKey);
    } catch (error) {
      failure = error;
      const key = restOf(operation, error);
      const failures = (this.#rests.get(key)?.failures ?? 0) + 1;
      const why = error instanceof Error ? error.message : String(error);
      this.#rests.set(key, { failures, until: now() + restAfter(failures), why });
    }
    this.#onEnd(operation, failure);
  }
}

const restOf = ({ restKey, elsewhere }: Operation, error: unknown): string =>
  elsewhere?.isFault(error) === true ? elsewhere.restKey : restKey;

const restAfter = (failures: number): Ms => Math.min(5 * SECOND * 2 ** (failures - 1), 5 * MINUTE);
