import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "../../src/domain/time.ts";
import { useLightAborts } from "./abort.ts";
import { Random } from "./random.ts";
import { calmBound, isClean, judgeTheEnd, stageFor } from "./run.ts";
import { eligibleName, settingOf } from "./setting.ts";
import { turn, VirtualTime } from "./time.ts";
import { useLightMessages } from "./web.ts";

const cuts = 2048;

test("the journal cut at every byte of its last 2 KiB: the daemon starts and recovers each time, and loses nothing", async () => {
  const time = new VirtualTime();
  const restore = [time.rule(), useLightMessages(), useLightAborts()];
  const given = settingOf(5);
  // Two thousand lives within hours, each of them without what it knew of GitHub's answers, draw on the hourly limit.
  const setting = { ...given, github: { ...given.github, pointsPerHour: 1_000_000 } };
  const stage = stageFor(setting, time, () => {});
  const { daemons, judge, world, history } = stage;
  const random = new Random(5, "cuts");
  const pass = (ms: number): Promise<void> => time.run(time.now() + ms, () => false, turn);
  const arrive = (): void => {
    const kind = random.pick(setting.jobs.eligible);
    assert.ok(kind);
    world.github.addJobs({
      ...kind,
      labels: [...kind.labels],
      name: eligibleName,
      durationMs: random.ms(2, 20) * SECOND,
    });
  };
  const keepBusy = (): void => {
    if (judge.jobs.open(world.github).length < 4) arrive();
  };
  /** Since the start of the present life: it is the one that may change things. */
  const holds = (life: number): boolean =>
    history.lines.some((line) => line.includes(`daemon ${life} `) && line.includes("holds the lease"));
  try {
    daemons.start();
    while (daemons.disk("one").length() < 2 * cuts) {
      keepBusy();
      await pass(10 * SECOND);
    }
    // In no order: each cut costs lines that the lives after it must have written anew.
    const order = Array.from({ length: cuts }, (_, letters) => letters).sort(() => random.fraction() - 0.5);
    for (const letters of order) {
      keepBusy();
      await pass(random.ms(3, 15) * SECOND);
      const life = daemons.lives();
      assert.ok(holds(life), `the daemon's life ${life} did not come to hold the lease`);
      while (daemons.disk("one").length() <= letters) {
        keepBusy();
        await pass(5 * SECOND);
      }
      daemons.running("one")?.kill(`with ${letters} bytes of its journal lost`);
      daemons.disk("one").tear(letters);
      daemons.start();
      history.lines.splice(0, history.lines.length - 500);
    }
    await time.run(time.now() + calmBound(stage), () => isClean(stage), turn);
    judgeTheEnd(stage, calmBound(stage));
  } finally {
    for (const back of restore) back();
  }
  assert.deepEqual(judge.verdicts.violations, [], history.lines.slice(-80).join("\n"));
  assert.equal(daemons.lives(), cuts + 1);
  assert.ok(judge.jobs.ends.completed > cuts / 10, `${judge.jobs.ends.completed} jobs`);
});
