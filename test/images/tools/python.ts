import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cache, command, type Outcome } from "./command.ts";

const packages = ["tree-sitter==0.26.1", "tree-sitter-powershell==0.26.4", "python-hcl2==8.1.4"];

/** A Python with parsers, made once; what is in the way, where it cannot be made. */
export function pythonWithParsers(): { readonly python: string } | { readonly missing: string } {
  const folder = join(cache, `python-${packages.map((one) => one.split("==")[1]).join("-")}`);
  const python = join(folder, "bin/python");
  // Written last: who was interrupted leaves a folder without it.
  const whole = join(folder, "whole");
  if (existsSync(whole)) return { python };
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(cache, { recursive: true });
  const making = command("python3", ["-m", "venv", folder]);
  const quiet = ["--quiet", "--disable-pip-version-check", "--no-input"];
  const filled = making.code === 0 ? command(python, ["-m", "pip", "install", ...quiet, ...packages]) : making;
  if (filled.code === 0) {
    writeFileSync(whole, "");
    return { python };
  }
  rmSync(folder, { recursive: true, force: true });
  const why = filled.text.trim().split("\n").at(-1);
  return {
    missing: `python3 with venv and pip could not provide ${packages.join(", ")} (Debian: python3-venv): ${why}`,
  };
}

export const runScript = (python: string, script: string, files: readonly string[]): Outcome =>
  command(python, [join(import.meta.dirname, script), ...files]);
