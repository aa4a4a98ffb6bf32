import { execFile, execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { promisify } from "node:util";

/** Everything that a program of a test may say; where it fails, what it said is the failure's message. */
export function run(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv; readonly umask?: string } = {},
): string {
  const { umask = "022", cwd, env } = options;
  const shell = ["-c", `umask ${umask}; exec "$@"`, "sh", program, ...args];
  return execFileSync("sh", shell, { encoding: "utf8", maxBuffer: 2 ** 28, ...(cwd && { cwd }), ...(env && { env }) });
}

/** The same, while what runs in this process goes on. */
export async function runMeanwhile(
  program: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)(program, args, { ...options, encoding: "utf8", maxBuffer: 2 ** 28 });
  return stdout;
}

/** A repository with one commit of what lies here now, committed or not; its clones are those of a release. */
export function commitOfNow(folder: string): string {
  const origin = join(folder, "origin");
  const files = run("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).split("\0");
  // A folder of packages that is a link is not ignored by git, and a later `npm ci` would empty what it leads to.
  for (const file of files.filter((name) => name !== "" && name !== "node_modules" && !name.startsWith(".git/"))) {
    mkdirSync(dirname(join(origin, file)), { recursive: true });
    cpSync(file, join(origin, file), { force: true, errorOnExist: false });
  }
  const at = "2026-11-21T12:00:00Z";
  const env = { ...process.env, GIT_COMMITTER_DATE: at, GIT_AUTHOR_DATE: at };
  const git = (...args: readonly string[]) =>
    run("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...args], { cwd: origin, env });
  git("init", "--quiet", "--initial-branch=main");
  git("add", "--all");
  git("commit", "--quiet", "--message=now");
  return origin;
}

/** Clones and builds; the packages themselves are the ones that are installed here. */
export function build(
  origin: string,
  clone: string,
  as: { readonly umask: string; readonly env: NodeJS.ProcessEnv },
): string {
  run("git", ["clone", "--quiet", origin, clone], { umask: as.umask });
  symlinkSync(resolve("node_modules"), join(clone, "node_modules"));
  const out = join(clone, "release");
  run("scripts/package", [out], { cwd: clone, umask: as.umask, env: { ...process.env, ...as.env } });
  return out;
}

export const workFolder = (): { readonly path: string; readonly remove: () => void } => {
  const path = mkdtempSync(join(tmpdir(), "dispatcher-install-"));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
};
