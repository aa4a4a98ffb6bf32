import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";

/** What the command line asks for. */
export interface Options {
  readonly seeds: readonly number[];
  readonly hours: number;
  readonly only: ReadonlySet<number> | null;
  readonly workers: number;
  readonly json: boolean;
  readonly realGuests: boolean;
  /** Prints a single seed's history, whatever came of it. */
  readonly history: boolean;
  readonly shrink: boolean;
  /** The first violation ends everything: whoever asks wants a yes or a no. */
  readonly bail: boolean;
  /** This process is one that another has started for its share. */
  readonly worker: boolean;
}

export const usage = `npm run sim -- [--seeds N] [--first S] [--hours H] [--workers W] [--json]
npm run sim -- --seed S [--hours H] [--only 3,17] [--history] [--no-shrink]

  --seeds N      so many seeds (default 20), from --first on (default 1)
  --hours H      hours of weather before the calm (default 12)
  --seed S       this seed alone
  --only A,B     of its weather only these pieces
  --real-guests  the emulator's own guests, with a shell in each (slow)
  --workers W    so many processes (default: one per processor)
  --no-shrink    a failing seed is told of as it is
  --bail         ends at the first violation`;

export function optionsOf(argv: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      seeds: { type: "string", default: "20" },
      first: { type: "string", default: "1" },
      hours: { type: "string", default: "12" },
      seed: { type: "string" },
      only: { type: "string" },
      workers: { type: "string" },
      json: { type: "boolean", default: false },
      history: { type: "boolean", default: false },
      "real-guests": { type: "boolean", default: false },
      "no-shrink": { type: "boolean", default: false },
      bail: { type: "boolean", default: false },
      worker: { type: "boolean", default: false },
    },
  });
  const number = (name: string, text: string): number => {
    const value = Number(text);
    if (!Number.isFinite(value) || value < 0) throw new Error(`--${name} ${text}: must be a number`);
    return value;
  };
  const first = number("first", values.first);
  const count = number("seeds", values.seeds);
  const many = Array.from({ length: count }, (_, at) => first + at);
  const { only } = values;
  return {
    seeds: values.seed === undefined ? many : [number("seed", values.seed)],
    hours: number("hours", values.hours),
    only:
      only === undefined
        ? null
        : new Set(
            only
              .split(",")
              .filter((id) => id !== "")
              .map((id) => number("only", id)),
          ),
    workers: values.workers === undefined ? availableParallelism() : Math.max(1, number("workers", values.workers)),
    json: values.json,
    realGuests: values["real-guests"],
    history: values.history,
    shrink: !values["no-shrink"],
    bail: values.bail,
    worker: values.worker,
  };
}

/** Some of the seeds run with real guests, for a few hours only: each of those costs as much as many others. */
export const usesRealGuests = (seed: number): boolean => seed % 50 === 25;
export const realGuestHours = 2;
