import "./quiet-metrics.ts";
import { HOUR, MINUTE, type Ms } from "../../src/domain/time.ts";
import { warmUp } from "../../src/emulator/guest/warm-up.ts";
import { useLightAborts } from "./abort.ts";
import { Daemons } from "./daemons.ts";
import { Fates } from "./fates.ts";
import { Faults } from "./faults.ts";
import { forecastOf, letItCome } from "./forecast.ts";
import { History } from "./history.ts";
import type { JobEnds } from "./jobs.ts";
import { Judge } from "./judge.ts";
import { Network } from "./network.ts";
import { Random } from "./random.ts";
import { type Setting, settingOf } from "./setting.ts";
import type { Stage } from "./stage.ts";
import { manyTurns, start, turn, VirtualTime } from "./time.ts";
import type { Violation } from "./verdicts.ts";
import { useLightMessages } from "./web.ts";
import { createSimWorld, type SimWorld } from "./world.ts";

export interface RunOrder {
  readonly seed: number;
  readonly hours: number;
  /** Of the weather only these, by number; null: all of it. */
  readonly only: ReadonlySet<number> | null;
  /** The run ends at its first violation. */
  readonly untilFirst?: boolean;
  readonly realGuests?: boolean;
}

export interface RunReport {
  readonly seed: number;
  readonly virtualMs: Ms;
  readonly queued: number;
  readonly jobs: JobEnds;
  readonly guests: number;
  readonly lives: number;
  readonly faults: Readonly<Record<string, number>>;
  readonly kills: Readonly<Record<string, number>>;
  readonly exercised: Readonly<Record<string, number>>;
  readonly violations: readonly Violation[];
  readonly history: readonly string[];
}

/** One seed: so many hours of weather, then the calm, in which everything must come to its end. */
export async function runSeed(order: RunOrder): Promise<RunReport> {
  if (order.realGuests) await warmUp();
  const time = new VirtualTime();
  const restore = [time.rule(), useLightMessages(), useLightAborts()];
  const setting = settingOf(order.seed, order);
  const counted = new Map<string, number>();
  const stage = stageFor(setting, time, (kind) => counted.set(kind, (counted.get(kind) ?? 0) + 1));
  const { judge, daemons, world, history, faults } = stage;
  const broken = (error: unknown): void => judge.broke(0, error);
  process.on("unhandledRejection", broken);
  const rest = setting.realGuests ? manyTurns : turn;
  const failed = (): boolean => order.untilFirst === true && judge.verdicts.violations.length > 0;
  try {
    daemons.start();
    const wanted = forecastOf(order.seed, order.hours).filter(({ id }) => order.only?.has(id) ?? true);
    const calm = letItCome(wanted, stage);
    await time.run(start + order.hours * HOUR, failed, rest);
    calm();
    faults.clear();
    world.github.weather.clear();
    daemons.calm();
    history.add("weather", "the calm has come");
    const bound = calmBound(stage);
    const end = time.now() + bound;
    // Looking costs more than most steps.
    while (!failed() && time.now() < end && !isClean(stage)) await time.run(time.now() + betweenLooks, failed, rest);
    if (!failed()) judgeTheEnd(stage, bound);
  } finally {
    process.off("unhandledRejection", broken);
    for (const back of restore) back();
  }
  for (const [kind, times] of Object.entries(world.github.weather.met())) counted.set(`GitHub: ${kind}`, times);
  return {
    seed: order.seed,
    virtualMs: time.now() - start,
    queued: judge.jobs.queued,
    jobs: judge.jobs.ends,
    guests: judge.ledger.made.dispatcher,
    lives: daemons.lives(),
    faults: Object.fromEntries(counted),
    kills: Object.fromEntries(daemons.kills),
    exercised: Object.fromEntries(judge.verdicts.exercised),
    violations: judge.verdicts.violations,
    history: history.lines,
  };
}

const betweenLooks = MINUTE;

export function stageFor(setting: Setting, time: VirtualTime, count: (kind: string) => void): Stage {
  const { seed, githubToken } = setting;
  const now = () => time.now();
  const history = new History(now);
  const judge: Judge = new Judge(setting, history, { now, isAlive: (life) => daemons.isAlive(life) });
  const fates = new Fates(count);
  const world = createSimWorld(setting, time, judge, () => fates.draw());
  judge.meets(world);
  const faults = new Faults(count);
  const handlers = { pve: world.pve.handler, github: world.github.handler };
  const network = new Network({ time, random: new Random(seed, "network"), faults, judge, handlers, githubToken });
  const daemons = new Daemons({ setting, time, network, judge, history });
  return { setting, time, world, judge, history, faults, fates, daemons, count };
}

/**
 * The longest that anything may take: a job until its hard lifetime, as long again a guest that tells nothing in a pool
 * whose jobs cannot all be seen, and before them all the work that waits, one job after another.
 */
export function calmBound({ setting, judge, world }: Stage): Ms {
  const { longestHardLifetime, hasOpenPool } = setting;
  return longestHardLifetime * (hasOpenPool ? 2 : 1) + 3 * HOUR + judge.jobs.waitingWork(world.github);
}

export const isClean = (stage: Stage): boolean =>
  stage.judge.jobs.open(stage.world.github).length === 0 && leftOf(stage) === "";

/** What is left of the dispatcher's, in words; guests that somebody has made strays for good do not count. */
function leftOf({ judge, world }: Stage): string {
  const strays = judge.ledger.ours().filter((entry) => entry.forGood);
  const guests = judge.ledger.ours().filter((entry) => !entry.forGood);
  const runners = [...world.github.state.runners].filter(
    ({ name }) => !strays.some(({ runnerName }) => runnerName === name),
  );
  const seeds = seedsOf(world).filter((id) => !strays.some(({ vmid }) => id.includes(`-${vmid}.`)));
  const left = [
    ...guests.map(({ vmid }) => `guest ${vmid}`),
    ...seeds.map((id) => `seed ${id}`),
    ...runners.map(({ name }) => `record of ${name}`),
  ];
  return left.join(", ");
}

const seedsOf = ({ pve }: SimWorld): readonly string[] =>
  pve.state.volumes
    .all()
    .filter((volume) => volume.origin === "uploaded" && volume.bytes.some((byte) => byte !== 0))
    .map(({ id }) => id);

export function judgeTheEnd(stage: Stage, bound: Ms): void {
  const { verdicts, jobs } = stage.judge;
  const open = jobs.open(stage.world.github);
  const hours = Math.round(bound / HOUR);
  // Each job and each guest could have been the one.
  verdicts.exercise("every eligible job completed", jobs.eligible);
  verdicts.exercise("nothing left on either side", stage.judge.ledger.made.dispatcher);
  verdicts.require("every eligible job completed", open.length === 0, () => {
    return `${hours} h after the calm: ${open.map(({ id, status, conclusion }) => `${id} ${status} ${conclusion ?? ""}`).join(", ")}`;
  });
  const left = leftOf(stage);
  verdicts.require("nothing left on either side", left === "", () => `${hours} h after the calm: ${left}`);
}
