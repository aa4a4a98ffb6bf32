import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../domain/naming.ts";
import type { Clock } from "../domain/time.ts";

/** The machine's own clock and chance: chosen here once, injected everywhere. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

export const systemChance: Chance = { below: (limit) => randomInt(limit) };
