import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** How the workers' program is started. */
export interface Program {
  readonly file: string;
  readonly execArgv: readonly string[];
  remove(): void;
}

const root = fileURLToPath(new URL("../..", import.meta.url));

/**
 * All workers run one program, put together once. Compiled file by file, as single runs and tests are, it gives each
 * function its name by a call, and that is a good part of all that a run costs.
 */
export async function build(): Promise<Program> {
  const esbuild = await import("esbuild").catch(() => null);
  if (esbuild === null) return asItIs;
  // As deep below the top as the emulator's own files lie: those that it reads beside itself are then found.
  const cache = join(root, "node_modules/.cache");
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "sim-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  try {
    await esbuild.build({
      // Packages are loaded before a program's first line: what must come before them is a program of its own.
      entryPoints: [join(root, "test/sim/quiet-metrics.ts"), join(root, "test/sim/main.ts")],
      outdir: folder,
      outExtension: { ".js": ".mjs" },
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "error",
    });
  } catch (error) {
    remove();
    throw error;
  }
  const quiet = pathToFileURL(join(folder, "quiet-metrics.mjs")).href;
  return { file: join(folder, "main.mjs"), execArgv: ["--import", quiet], remove };
}

const asItIs: Program = { file: process.argv[1] ?? "", execArgv: process.execArgv, remove: () => {} };
