import type { Surroundings } from "../../src/app/dispatcher.ts";
import { createLogger, logEvents } from "../../src/app/logger.ts";
import type { Clock, Instant } from "../../src/domain/time.ts";
import type { Disk } from "./disk.ts";
import type { Judge } from "./judge.ts";
import type { Caller, Network } from "./network.ts";
import type { Random } from "./random.ts";
import type { Setting } from "./setting.ts";

/** All that one life of the daemon touches, made here alone. */
export function surroundingsOf(
  caller: Caller,
  parts: {
    readonly clock: Clock;
    readonly wall: () => Instant;
    readonly machine: string;
    readonly setting: Setting;
    /** Whether a life of that number is over, as its machine can tell. */
    readonly isDead: (life: number) => boolean;
    readonly disk: Disk;
    readonly network: Network;
    readonly random: Random;
    readonly judge: Judge;
    readonly tell: (line: string) => void;
  },
): Surroundings {
  const { clock, wall, machine, disk, network, random, judge, tell } = parts;
  const log = createLogger({
    level: "info",
    forPeople: false,
    write: (line) => {
      if (!caller.alive()) return;
      judge.logged(caller.number, line);
      tell(line);
    },
  });
  return {
    clock,
    wall,
    identity: {
      holder: `sim:${caller.number}@${machine}`,
      isDead: (holder) => parts.isDead(Number(/^sim:(\d+)@/.exec(holder)?.[1])),
    },
    leaseTimes: parts.setting.leaseTimes,
    journalFile: disk.fileFor(caller),
    chance: random,
    log,
    version: "0.0.0-sim",
    onEvent: logEvents(log),
    pveFetch: (url, { method, headers, body, signal }) =>
      network.send(caller, "pve", url, { method, headers, body: body ?? null, signal }),
    githubFetch: (input, init = {}) =>
      network.send(caller, "github", String(input), {
        method: init.method ?? "GET",
        headers: (init.headers ?? {}) as Record<string, string>,
        body: (init.body ?? null) as string | null,
        signal: init.signal ?? null,
      }),
  };
}
