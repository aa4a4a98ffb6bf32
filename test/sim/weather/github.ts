import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Trouble } from "../../../src/emulator/github/trouble.ts";
import type { Random } from "../random.ts";
import type { Kind } from "../stage.ts";

type Lasts = readonly [number, number];

const trouble = (name: string, weight: number, lasts: Lasts, order: (random: Random) => Trouble): Kind => ({
  name,
  weight,
  lasts,
  begin: ({ world }, random) => world.github.weather.begin(order(random)),
});

const silences = ["502", "503", "504", "html", "dropped"] as const;
const short: Lasts = [MINUTE, 15 * MINUTE];

export const githubKinds: readonly Kind[] = [
  trouble("GitHub down", 3, [MINUTE, 40 * MINUTE], (random) => ({ kind: "down", how: random.pick(silences) })),
  trouble("GitHub partly down", 3, short, (random) => ({
    kind: "down",
    how: random.pick(silences),
    oneIn: random.between(2, 5),
  })),
  trouble("GitHub slow", 3, short, (random) => ({
    kind: "slow",
    ms: random.ms(2, 14) * SECOND,
    late: random.happens(0.5),
    oneIn: random.between(1, 3),
  })),
  trouble("GitHub's answers to mints lost", 4, short, (random) => ({
    kind: "lost answer",
    how: random.pick(silences),
    oneIn: random.between(1, 2),
  })),
  trouble("GitHub's answers to deletions lost", 3, short, (random) => ({
    kind: "lost answer",
    how: random.pick(silences),
    calls: ["forget", "registration"],
    oneIn: random.between(1, 2),
  })),
  trouble("GitHub's secondary limit", 3, [10 * SECOND, 5 * MINUTE], (random) => ({
    kind: "secondary limit",
    status: random.pick([403, 429]) ?? 429,
    retryAfter: random.happens(0.8) ? random.between(5, 180) : null,
    oneIn: random.between(1, 4),
  })),
  trouble("GitHub's hour used up", 1, [0, 0], (random) => ({
    kind: "exhausted",
    status: random.pick([403, 429]) ?? 403,
    ms: random.ms(2, 30) * MINUTE,
  })),
  trouble("stale runner lists", 4, [5 * MINUTE, 40 * MINUTE], (random) => ({
    kind: "stale runners",
    ms: random.ms(10, 100) * SECOND,
    what: "state",
  })),
  trouble("stale search", 1, [5 * MINUTE, 60 * MINUTE], (random) => ({
    kind: "stale search",
    ms: random.ms(1, 10) * MINUTE,
  })),
  trouble("runs as their least advanced job", 1, [30 * MINUTE, 90 * MINUTE], () => ({ kind: "least advanced" })),
  trouble("late notice of lost runners", 2, [20 * MINUTE, 90 * MINUTE], (random) => ({
    kind: "late notice",
    ms: random.ms(10, 120) * SECOND,
  })),
  {
    name: "a runner record vanishes",
    weight: 4,
    lasts: [0, 0],
    begin({ world, history, count }, random) {
      const runner = random.pick([...world.github.state.runners]);
      if (runner === undefined) return null;
      history.add("weather", `record of ${runner.name} vanishes`);
      if (world.github.vanish(runner.id, random.happens(0.7))) count("a runner record vanishes");
      return null;
    },
  },
];
