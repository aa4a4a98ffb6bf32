import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Copy } from "./copy.ts";
import { furtherMutants } from "./further-mutants.ts";
import { type Mutant, mutants } from "./mutants.ts";
import { run } from "./process.ts";
import { allTests, type Catch, simulate, test, testsNear } from "./watchers.ts";

const usage = `npm run sim:mutants -- [--seeds N] [--hours H] [--only TEXT] [--simulation] [--json]
  Makes each deliberate mistake in a copy of the sources, and says what notices it first: a test near to it, the
  simulation, or any other test.

  --only TEXT    the mistakes whose names contain it
  --simulation   asks no test`;

interface Result extends Catch {
  readonly mutant: string;
}

const nobody: Catch = { by: null, how: "nobody" };
const compiler = ["node_modules/typescript/bin/tsc"];
/** What a mistake leaves as it was is not compiled again. */
const incremental = ["--incremental", "--tsBuildInfoFile", ".types"];

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    hours: { type: "string", default: "12" },
    only: { type: "string", default: "" },
    simulation: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await main();

async function main(): Promise<0 | 1> {
  const copy = new Copy(resolve(fileURLToPath(new URL("../..", import.meta.url))));
  try {
    const broken = await asked(copy, values.simulation ? [] : [allTests(copy)]);
    if (broken !== null) {
      process.stderr.write(`the unpatched sources are not green: ${broken.by}\n`);
      return 1;
    }
    process.stderr.write(`unpatched: green on ${values.seeds} seeds${values.simulation ? "" : " and in the tests"}\n`);
    const results: Result[] = [];
    for (const mutant of [...mutants, ...furtherMutants].filter(({ name }) => name.includes(values.only))) {
      const result = await tried(copy, mutant);
      results.push(result);
      process.stderr.write(`${spell(result)}\n`);
    }
    const missed = results.filter(({ how }) => how === "nobody").length;
    const summary = { mutants: results.length, caught: results.length - missed, missed, results };
    process.stdout.write(
      `${values.json ? JSON.stringify(summary) : `${summary.caught} of ${results.length} caught`}\n`,
    );
    return missed === 0 ? 0 : 1;
  } finally {
    copy.remove();
  }
}

async function tried(copy: Copy, mutant: Mutant): Promise<Result> {
  const undo = copy.make(mutant);
  try {
    const types = await run(copy, [...compiler, "--noEmit", "-p", "tsconfig.json", ...incremental]);
    // What the compiler refuses is no mistake that anybody could make, and shows nothing.
    if (types.code !== 0) return { mutant: mutant.name, by: `does not compile: ${types.out.trim()}`, how: "nobody" };
    const near = values.simulation ? [] : testsNear(copy, mutant.file);
    const noticed = await asked(copy, near, values.simulation ? [] : [allTests(copy)]);
    return { mutant: mutant.name, ...(noticed ?? nobody) };
  } finally {
    undo();
  }
}

/** These tests, the simulation, then those; the first that notices something ends it. */
async function asked(
  copy: Copy,
  before: readonly (readonly string[])[],
  after: readonly (readonly string[])[] = [],
): Promise<Catch | null> {
  for (const files of before) {
    const noticed = await test(copy, files);
    if (noticed !== null) return noticed;
  }
  const noticed = await simulate(copy, values);
  if (noticed !== null) return noticed;
  for (const files of after) {
    const late = await test(copy, files);
    if (late !== null) return late;
  }
  return null;
}

function spell({ mutant, by, how }: Result): string {
  return `${how === "nobody" ? "MISSED" : "caught"}: ${mutant}: ${by ?? "nobody noticed"} [${how}]`;
}
