import { existsSync, readdirSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Copy } from "./copy.ts";
import { run } from "./process.ts";

export interface Catch {
  /** An invariant of the simulation, or a test's title; null: nobody noticed. */
  readonly by: string | null;
  readonly how: "simulation" | "test" | "nobody";
}

const rooms = ["domain", "domain/runners", "engine", "runners", "proxmox", "github", "app"];

/** The test of the same name, then all of the same room. */
export function testsNear(copy: Copy, file: string): readonly (readonly string[])[] {
  const room = dirname(file).replace(/^src/, "test");
  const own = join(room, `${basename(file, ".ts")}.test.ts`);
  const all = testsIn(copy, room);
  const others = all.filter((name) => name !== own);
  return [existsSync(join(copy.folder, own)) ? [own] : [], others].filter((files) => files.length > 0);
}

export const allTests = (copy: Copy): readonly string[] => rooms.flatMap((room) => testsIn(copy, join("test", room)));

const testsIn = (copy: Copy, room: string): readonly string[] =>
  existsSync(join(copy.folder, room))
    ? readdirSync(join(copy.folder, room))
        .filter((name) => name.endsWith(".test.ts"))
        .map((name) => join(room, name))
    : [];

/** Null when all of them pass. */
export async function test(copy: Copy, files: readonly string[]): Promise<Catch | null> {
  const order = ["--import", "tsx", "--test", "--test-reporter=tap", "--test-timeout=120000", ...files];
  const { code, out } = await run(copy, order, (text) => firstFailure(text) !== null);
  if (code === 0) return null;
  const title = firstFailure(out);
  // Tests that did not come to their end say nothing about the sources.
  if (title === null) throw new Error(`${files.join(" ")}: ended with ${code} and named no test that fails`);
  return { by: title, how: "test" };
}

/** A test is told of before the file and the suite that fail with it; a file alone fails when its process dies. */
const firstFailure = (out: string): string | null => /^ *not ok \d+ - (.*(?<!\.test\.ts))$/m.exec(out)?.[1] ?? null;

/** Null when no seed finds anything. */
export async function simulate(
  copy: Copy,
  { seeds, hours }: { readonly seeds: string; readonly hours: string },
): Promise<Catch | null> {
  const order = ["--seeds", seeds, "--hours", hours, "--no-shrink", "--bail", "--json"];
  const { code, out } = await run(copy, ["--import", "tsx", "test/sim/main.ts", ...order]);
  if (code === 0) return null;
  return { by: invariantIn(out) ?? `the simulation ended with ${code}`, how: "simulation" };
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
