import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Fate } from "../guest.ts";
import type { Random } from "../random.ts";
import type { Kind } from "../stage.ts";

const fate = (name: string, weight: number, draw: (random: Random) => Fate): Kind => ({
  name,
  weight,
  lasts: [5 * MINUTE, 90 * MINUTE],
  begin: ({ fates }, random) => fates.begin(name, random, random.pick([0.2, 0.6, 1]), () => draw(random)),
});

const lies = ["job 77", "listening", "done", "starting", "failed: nothing", "\u001b[2Jjob", "x".repeat(9_000)] as const;

export const guestKinds: readonly Kind[] = [
  fate("guests that never boot", 2, () => ({ kind: "never boots" })),
  fate("guests without cloud-init", 1, () => ({ kind: "no cloud-init" })),
  fate("guests that never register", 2, () => ({ kind: "never registers" })),
  fate("guests that hang", 3, (random) => ({ kind: "hangs", after: random.ms(5, 600) * SECOND })),
  fate("guests that power off", 2, (random) => ({ kind: "powers off", after: random.ms(2, 400) * SECOND })),
  fate("guests that lie", 2, (random) => ({ kind: "lies", says: random.pick(lies) })),
  fate("guests that say nothing", 3, () => ({ kind: "says nothing" })),
  fate("guests that stay on", 2, () => ({ kind: "stays on" })),
];
