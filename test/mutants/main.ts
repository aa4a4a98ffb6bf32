import { spawn } from "node:child_process";
import { readdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { Copy } from "./copy.ts";
import { type Mutant, mutants } from "./mutants.ts";

const usage = `npm run sim:mutants -- [--seeds N] [--hours H] [--only TEXT] [--json]
  Makes each deliberate mistake in a copy of the sources, and says what notices it: the simulation or a test.`;

interface Caught {
  readonly mutant: string;
  /** An invariant of the simulation, or a test's title; null: nobody noticed. */
  readonly by: string | null;
  readonly how: "simulation" | "test" | "nobody";
}

/** Whose tests are asked when the simulation says nothing. */
const rooms = ["domain", "domain/runners", "engine", "runners", "proxmox", "github", "app"];

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "8" },
    hours: { type: "string", default: "12" },
    only: { type: "string", default: "" },
    json: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});
if (values.help) process.stdout.write(`${usage}\n`);
else process.exitCode = await main();

async function main(): Promise<0 | 1> {
  const copy = new Copy(resolve(fileURLToPath(new URL("../..", import.meta.url))));
  try {
    const unpatched = await noticed(copy);
    if (unpatched.how !== "nobody") {
      process.stderr.write(`the unpatched sources are not green: ${unpatched.by}\n`);
      return 1;
    }
    process.stderr.write(`unpatched: green on ${values.seeds} seeds and in the tests\n`);
    const results: Caught[] = [];
    for (const mutant of mutants.filter(({ name }) => name.includes(values.only))) {
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

async function tried(copy: Copy, mutant: Mutant): Promise<Caught> {
  const undo = copy.make(mutant);
  try {
    const types = await run(copy, process.execPath, [
      "node_modules/typescript/bin/tsc",
      "--noEmit",
      "-p",
      "tsconfig.json",
    ]);
    if (types.code !== 0) throw new Error(`mutant "${mutant.name}" does not compile:\n${types.out}`);
    return { mutant: mutant.name, ...(await noticed(copy)) };
  } finally {
    undo();
  }
}

/** The simulation first; where it says nothing, the tests. */
async function noticed(copy: Copy): Promise<Pick<Caught, "by" | "how">> {
  const seeds = ["--seeds", values.seeds, "--hours", values.hours];
  const node = ["--import", "tsx"];
  const sim = await run(copy, process.execPath, [...node, "test/sim/main.ts", ...seeds, "--no-shrink", "--json"]);
  const invariant = sim.code === 0 ? null : (invariantIn(sim.out) ?? `the simulation ended with ${sim.code}`);
  if (invariant !== null) return { by: invariant, how: "simulation" };
  const files = rooms.flatMap((room) =>
    readdirSync(join(copy.folder, "test", room))
      .filter((name) => name.endsWith(".test.ts"))
      .map((name) => join("test", room, name)),
  );
  const tests = await run(copy, process.execPath, [...node, "--test", "--test-reporter=tap", ...files]);
  if (tests.code === 0) return { by: null, how: "nobody" };
  return { by: firstFailure(tests.out) ?? `the tests ended with ${tests.code}`, how: "test" };
}

function invariantIn(out: string): string | null {
  try {
    const { failures } = JSON.parse(out) as { failures: { invariant: string; seed: number }[] };
    const names = new Set(failures.map(({ invariant }) => invariant));
    const [first] = failures;
    return first === undefined ? null : `${[...names].join("; ")} (seed ${first.seed})`;
  } catch {
    return null;
  }
}

/** The innermost: a file and a suite fail with their tests. */
function firstFailure(out: string): string | null {
  const failing = [...out.matchAll(/^( *)not ok \d+ - (.*)$/gm)].map(([, indent = "", title = ""]) => ({
    depth: indent.length,
    title,
  }));
  return failing.sort((a, b) => b.depth - a.depth)[0]?.title ?? null;
}

function run(copy: Copy, command: string, args: readonly string[]): Promise<{ code: number | null; out: string }> {
  return new Promise((done, fail) => {
    const child = spawn(command, args, { cwd: copy.folder, stdio: ["ignore", "pipe", "ignore"] });
    const late = setTimeout(() => child.kill("SIGKILL"), limit);
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    child.once("error", fail);
    child.once("exit", (code) => {
      clearTimeout(late);
      done({ code, out });
    });
  });
}

/** A mistake may also be one that never ends. */
const limit = 10 * 60_000;

const spell = ({ mutant, by, how }: Caught): string =>
  `${how === "nobody" ? "MISSED" : "caught"}: ${mutant}: ${by ?? "nobody noticed"} [${how}]`;
