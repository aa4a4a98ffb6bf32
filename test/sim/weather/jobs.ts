import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Job } from "../../../src/emulator/github/state.ts";
import type { Random } from "../random.ts";
import { eligibleName } from "../setting.ts";
import type { Kind, Stage } from "../stage.ts";

/** As one run, unless they are to last differently: long lists of runs are most of what a poll costs. */
function arrive(stage: Stage, random: Random, count: number, durationMs: () => number): readonly Job[] {
  const kind = random.pick(stage.setting.jobs.eligible);
  if (kind === undefined) return [];
  const { repository, labels } = kind;
  const order = (jobs: number): readonly Job[] =>
    stage.world.github.addJobs({
      repository,
      labels: [...labels],
      durationMs: durationMs(),
      name: eligibleName,
      outcome: random.happens(0.9) ? "success" : "failure",
      count: jobs,
      jobsPerRun: jobs,
    });
  return random.happens(0.7) ? order(count) : Array.from({ length: count }, () => order(1)).flat();
}

const usual = (random: Random) => () => (random.happens(0.8) ? random.ms(15, 240) * SECOND : random.ms(4, 30) * MINUTE);

export const jobKinds: readonly Kind[] = [
  {
    name: "a burst of jobs",
    weight: 26,
    lasts: [0, 0],
    begin(stage, random) {
      arrive(stage, random, random.between(1, 6), usual(random));
      return null;
    },
  },
  {
    name: "a long job",
    weight: 2,
    lasts: [0, 0],
    begin(stage, random) {
      arrive(stage, random, 1, () => random.ms(2, 10) * 30 * MINUTE);
      return null;
    },
  },
  {
    name: "jobs that are cancelled",
    weight: 5,
    lasts: [0, 0],
    begin(stage, random) {
      for (const job of arrive(stage, random, random.between(1, 4), usual(random))) {
        if (random.happens(0.3)) continue;
        stage.time.after(random.ms(1, 400) * SECOND, () => stage.judge.jobs.cancel(stage.world.github, job.id));
      }
      return null;
    },
  },
  {
    name: "a re-run",
    weight: 4,
    lasts: [0, 0],
    begin(stage, random) {
      const { github } = stage.world;
      const over = [...github.state.runs.values()].filter((run) => run.jobs.every((job) => job.status === "completed"));
      const run = random.pick(over);
      if (run !== undefined) github.rerun(run.id, random.happens(0.5) ? "all" : "failed");
      return null;
    },
  },
  {
    name: "jobs that nobody may serve",
    weight: 3,
    lasts: [0, 0],
    begin(stage, random) {
      const kind = random.pick(stage.setting.jobs.refused);
      if (kind === undefined) return null;
      const { repository, labels, fork = false } = kind;
      const refused = stage.world.github.addJobs({
        repository,
        labels: [...labels],
        fork,
        count: random.between(1, 3),
        name: "refused",
      });
      const patience = random.ms(10, 60) * MINUTE;
      for (const { id } of refused) stage.time.after(patience, () => stage.world.github.cancelJob(id));
      return null;
    },
  },
];
