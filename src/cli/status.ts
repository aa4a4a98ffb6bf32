import { Command } from "commander";
import { waitForBoth } from "../app/run.ts";
import { systemClock } from "../app/system.ts";
import type { ForgeView } from "../domain/observation.ts";
import type { Decision } from "../domain/runners/decide.ts";
import type { Sighting } from "../domain/runners/sighting.ts";
import { stageOf } from "../domain/runners/stage.ts";
import { spell } from "../domain/time.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { ready } from "./ready.ts";
import { table } from "./table.ts";

interface Options {
  readonly env?: string;
  readonly json?: true;
}

interface Seen {
  readonly decision: Decision;
  readonly forge: ForgeView;
}

export const statusCommand = (io: Io, ends: Ends): Command =>
  new Command("status")
    .description("What PVE and GitHub say at this moment. Needs no running daemon, changes nothing.")
    .option("--env <file>", "environment file")
    .option("--json", "for programs")
    .action((options: Options) => ends(status(io, options)));

async function status(io: Io, { env, json }: Options): Promise<ExitCode> {
  const parts = ready(io, { ...(env === undefined ? {} : { envFile: env }), quiet: true });
  if (parts === null) return 1;
  const seen: Seen[] = [];
  const dispatcher = parts.compose({
    onEvent: () => {},
    onDecision: (decision, forge) => seen.push({ decision, forge }),
  });
  try {
    const stop = AbortSignal.any([io.stop, AbortSignal.timeout(15_000)]);
    const answer = await waitForBoth(parts.config, dispatcher, {
      clock: systemClock,
      log: parts.log,
      pause: 1_000,
      stop,
    });
    if (answer !== "ready") return 1;
    await dispatcher.engine.intend(io.stop);
    for (const one of seen) io.out(json === true ? `${JSON.stringify(summaryOf(one))}\n` : textOf(summaryOf(one)));
    return 0;
  } finally {
    await parts.close();
  }
}

function summaryOf({ decision, forge }: Seen) {
  const now = systemClock.now();
  return {
    guests: decision.sightings.map((s) => guestOf(s, now)),
    jobs: forge.jobs
      .filter((job) => job.status === "queued")
      .map(({ id, repository, name, labels, createdAt, refused }) => ({
        id,
        repository,
        name,
        labels,
        waitsMs: now - createdAt,
        refused,
      })),
    notes: decision.plan.notes,
    silent: [...forge.silent, ...forge.silentScopes].map(([what, why]) => ({ what, why })),
  };
}

const guestOf = (seen: Sighting, now: number) => ({
  vmid: seen.guest.vmid,
  name: seen.guest.name,
  node: seen.guest.node,
  pool: seen.guest.marker.pool,
  stage: stageOf(seen),
  runner: seen.side,
  job: seen.job === null ? null : `${seen.job.repository} ${seen.job.name}`,
  ageMs: now - seen.guest.marker.created,
});

type Summary = ReturnType<typeof summaryOf>;

function textOf({ guests, jobs, notes, silent }: Summary): string {
  const guestRows = guests.map((g) => [
    String(g.vmid),
    g.name,
    g.node,
    g.pool,
    g.stage,
    g.runner,
    spell(g.ageMs),
    g.job ?? "",
  ]);
  const jobRows = jobs.map((j) => [
    j.repository,
    j.name,
    j.labels.join(","),
    `waits ${spell(j.waitsMs)}`,
    j.refused ?? "",
  ]);
  return [
    guests.length === 0
      ? "no guests\n"
      : table(["VMID", "NAME", "NODE", "POOL", "STAGE", "RUNNER", "AGE", "JOB"], guestRows),
    jobs.length === 0 ? "no job waits\n" : table(["REPOSITORY", "JOB", "LABELS", "", ""], jobRows),
    ...notes.map((note) => `${note.about}: ${note.text}\n`),
    ...silent.map(({ what, why }) => `no answer for ${what}: ${why}\n`),
  ].join("");
}
