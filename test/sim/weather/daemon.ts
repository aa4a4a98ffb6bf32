import { HOUR, MINUTE, type Ms, SECOND } from "../../../src/domain/time.ts";
import type { Death } from "../daemons.ts";
import type { Random } from "../random.ts";
import type { Kind } from "../stage.ts";

const moments = ["before", "after", "answered"] as const;

function deathOf(random: Random): Death {
  const after = {
    skip: random.pick([0, 0, 1, 3, 10]),
    down: random.pick([9 * SECOND, 30 * SECOND, 3 * MINUTE, 30 * MINUTE]),
    disk: random.pick(["as it was", "as it was", "empty", "old", "torn"]),
    offset: random.happens(0.7) ? 0 : offsetOf(random),
  } as const;
  const how = random.fraction();
  const any = (): boolean => true;
  if (how < 0.1) return { ...after, moment: "now", wanted: any };
  if (how < 0.2) return { ...after, moment: "slept", wanted: any };
  if (how < 0.3) return { ...after, moment: "written", wanted: any };
  if (how < 0.4) return { ...after, moment: random.pick(moments), wanted: (what) => what.endsWith(" lease") };
  if (how < 0.5) return { ...after, moment: random.pick(moments), wanted: any };
  const works = (what: string): boolean => !what.startsWith("GET ") && !what.endsWith(" lease");
  return { ...after, moment: random.pick(moments), wanted: works };
}

const offsetOf = (random: Random): Ms => random.pick([-26 * HOUR, -HOUR, -40 * SECOND, 40 * SECOND, HOUR, 26 * HOUR]);

export const daemonKinds: readonly Kind[] = [
  {
    name: "the daemon is killed",
    weight: 14,
    lasts: [0, 0],
    begin({ daemons }, random) {
      daemons.kill("one", deathOf(random));
      return null;
    },
  },
  {
    name: "the daemon is killed twice in a row",
    weight: 5,
    lasts: [0, 0],
    begin({ daemons, time }, random) {
      const first = { ...deathOf(random), down: 9 * SECOND };
      daemons.kill("one", first);
      time.after(first.down + random.ms(1, 60) * SECOND, () => daemons.kill("one", deathOf(random)));
      return null;
    },
  },
  {
    name: "the daemon is restarted",
    weight: 2,
    lasts: [0, 0],
    begin({ daemons, time }, random) {
      daemons.running("one")?.stop();
      const back = { disk: "as it was", offset: 0, down: 5 * SECOND } as const;
      time.after(100 * SECOND + random.ms(0, 20_000), () => daemons.comeBack("one", back));
      return null;
    },
  },
  {
    name: "two daemons",
    weight: 3,
    lasts: [10 * MINUTE, 2 * HOUR],
    begin({ daemons }) {
      daemons.start("two");
      return () => daemons.running("two")?.stop();
    },
  },
  {
    name: "the standby's machine dies",
    weight: 1,
    lasts: [0, 0],
    begin({ daemons }, random) {
      daemons.kill("two", deathOf(random));
      return null;
    },
  },
  {
    name: "the wall clock jumps",
    weight: 2,
    lasts: [0, 0],
    begin({ daemons, count }, random) {
      const by = offsetOf(random);
      if (daemons.running("one") === null) return null;
      count("the wall clock jumps");
      daemons.running("one")?.setWallClock(by);
      return null;
    },
  },
];
