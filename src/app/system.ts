import { randomInt } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { Chance } from "../domain/naming.ts";
import type { Clock, Instant } from "../domain/time.ts";

/**
 * The machine's own clock and chance: chosen here once, injected everywhere. The time of the start and what has passed
 * since, so that setting the machine's clock neither ends nor prolongs anything.
 */
export const systemClock: Clock = {
  now: () => Math.round(performance.timeOrigin + performance.now()),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};

export const systemWall = (): Instant => Date.now();

export const systemChance: Chance = { below: (limit) => randomInt(limit) };
