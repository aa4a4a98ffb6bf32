import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Job } from "../../../src/emulator/github/state.ts";
import type { Random } from "../random.ts";
import { eligibleName } from "../setting.ts";
import type { Kind, Stage } from "../stage.ts";

/** GitHub gives a job up that has waited for a day: with more than this waiting, that would be nobody's fault. */
const mostWork = 8 * HOUR;

/** As one run, unless they are to last differently: long lists of runs are most of what a poll costs. */
function arrive(stage: Stage, random: Random, count: number, durationMs: () => number): readonly Job[] {
  const kind = random.pick(stage.setting.jobs.eligible);
  if (kind === undefined || stage.judge.jobs.waitingWork(stage.world.github) > mostWork) return [];
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
      arrive(stage, random, random.pick([1, 1, 2, 2, 3, 6]), usual(random));
      return null;
    },
  },
  {
    name: "a long job",
    weight: 1,
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
    // Their guests are all without work at once.
    name: "a burst that is cancelled",
    weight: 4,
    lasts: [0, 0],
    begin(stage, random) {
      const jobs = arrive(stage, random, random.between(4, 10), () => random.ms(5, 30) * MINUTE);
      stage.time.after(random.ms(10, 60) * SECOND, () => {
        for (const job of jobs) stage.judge.jobs.cancel(stage.world.github, job.id);
      });
      return null;
    },
  },
  {
    name: "jobs of a repository that nobody polls",
    weight: 4,
    lasts: [0, 0],
    begin(stage, random) {
      const { unpolled } = stage.setting.jobs;
      if (unpolled === null) return null;
      const durationMs = random.ms(1, 20) * MINUTE;
      const labels = [...unpolled.labels];
      const { repository } = unpolled;
      const { github } = stage.world;
      const jobs = github.addJobs({ repository, labels, durationMs, count: random.between(1, 3), name: "unpolled" });
      const patience = random.ms(10, 60) * MINUTE;
      for (const { id } of jobs) {
        stage.time.after(patience, () => {
          if (github.state.jobs.get(id)?.status === "queued") github.cancelJob(id);
        });
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
