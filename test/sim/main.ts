import { crew, serveCrew } from "./crew.ts";
import { forecastOf, spellForecast } from "./forecast.ts";
import { type Options, optionsOf, realGuestHours, usage, usesRealGuests } from "./options.ts";
import { type RunOrder, type RunReport, runSeed } from "./run.ts";
import { shrink } from "./shrink.ts";
import { type Failure, spellSummary, summaryOf } from "./summary.ts";

const argv = process.argv.slice(2);
let options: Options;
try {
  options = optionsOf(argv);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n${usage}\n`);
  process.exit(2);
}
const told = (text: string): void => void process.stderr.write(`${text}\n`);

if (options.worker) serveCrew((seed) => runSeed(orderFor(seed)));
else process.exitCode = await main();

async function main(): Promise<0 | 1> {
  const began = process.hrtime.bigint();
  const reports: Omit<RunReport, "history">[] = [];
  const failing: RunReport[] = [];
  const hear = (report: RunReport): void => {
    const { history, ...rest } = report;
    reports.push(rest);
    if (report.violations.length > 0) failing.push(report);
    told(
      `seed ${report.seed}: ${report.queued} jobs, ${report.guests} guests, ${report.lives} lives, ${report.violations.length} violations (${reports.length} of ${options.seeds.length})`,
    );
    if (options.history) told(history.join("\n"));
  };
  if (options.seeds.length === 1) hear(await runSeed(orderFor(options.seeds[0] ?? 0)));
  else {
    const enough = (): boolean => options.bail && failing.length > 0;
    await crew(options.seeds, { workers: options.workers, argv, tell: hear, enough });
  }
  const realSeconds = Number(process.hrtime.bigint() - began) / 1e9;
  const failures: Failure[] = [];
  for (const report of failing) failures.push(await explained(report, failures));
  const summary = summaryOf(reports, { realSeconds, failures });
  process.stdout.write(`${options.json ? JSON.stringify(summary) : spellSummary(summary)}\n`);
  return summary.violations === 0 ? 0 : 1;
}

/** The first failure of each invariant is shrunk; of the others it is enough to say how they are replayed. */
async function explained(report: RunReport, before: readonly Failure[]): Promise<Failure> {
  const { seed } = report;
  const [violation] = report.violations;
  if (violation === undefined) throw new Error("no violation to explain");
  const { hours, realGuests } = orderFor(seed);
  const command = `npm run sim -- --seed ${seed} --hours ${hours}${realGuests ? " --real-guests" : ""}`;
  const failure = {
    seed,
    ...violation,
    replay: options.only === null ? command : `${command} --only ${[...options.only]}`,
  };
  const known = before.some(({ invariant }) => invariant === violation.invariant);
  if (!options.shrink || known) return failure;
  told(`seed ${seed}: ${violation.invariant}: looking for the shortest history`);
  const shrunk = await shrink({ seed, hours, realGuests }, violation.invariant, options.only);
  if (shrunk === null) return failure;
  const replay = `${command} --only ${shrunk.only.join(",") || "0"}`;
  const ids = new Set(shrunk.only);
  const weather = forecastOf(seed, hours).filter(({ id }) => ids.has(id));
  told(
    [
      `seed ${seed}, ${shrunk.tries} tries:`,
      ...weather.map(spellForecast),
      ...shrunk.report.history.slice(-80),
      replay,
    ].join("\n"),
  );
  return { ...failure, replay };
}

function orderFor(seed: number): RunOrder & { readonly realGuests: boolean } {
  const alone = options.seeds.length === 1;
  const realGuests = options.realGuests || (!alone && usesRealGuests(seed));
  const hours = !alone && realGuests ? Math.min(options.hours, realGuestHours) : options.hours;
  return { seed, hours, only: options.only, realGuests, untilFirst: options.bail };
}
