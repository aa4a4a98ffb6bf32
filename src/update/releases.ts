import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, symlinkSync } from "node:fs";
import { basename, join } from "node:path";
import { DispatcherError } from "../domain/errors.ts";
import { MINUTE } from "../domain/time.ts";
import { lastWords, type RunProgram } from "./program.ts";

/** The releases that lie side by side under `home`, of which `current`, a link, is the one that is started. */
export class Releases {
  readonly #home: string;
  readonly #run: RunProgram;

  constructor(home: string, run: RunProgram) {
    this.#home = home;
    this.#run = run;
  }

  current(): string {
    return basename(readlinkSync(join(this.#home, "current")));
  }

  /** A new link takes the old one's place: there is no moment without one. */
  switchTo(version: string): void {
    const link = join(this.#home, ".current");
    rmSync(link, { force: true });
    symlinkSync(join("releases", version), link);
    renameSync(link, join(this.#home, "current"));
  }

  /** Brings an archive beside the others. `bring` writes the file that it is given. Resolves to its version. */
  async add(bring: (file: string) => Promise<void>): Promise<string> {
    const place = mkdtempSync(join(this.#home, ".new-"));
    try {
      const archive = join(place, "release.tar.gz");
      await bring(archive);
      const inside = join(place, "inside");
      mkdirSync(inside);
      const tar = await this.#run("tar", ["-xzf", archive, "-C", inside, "--no-same-owner"]);
      if (tar.code !== 0) throw new DispatcherError("invalid", `release: it cannot be unpacked: ${lastWords(tar)}`);
      const [folder = "", ...more] = readdirSync(inside);
      const version = /^dispatcher-(\d[\w.+~-]*)$/.exec(folder)?.[1];
      if (version === undefined || more.length > 0) {
        throw new DispatcherError(
          "invalid",
          `release: it holds ${[folder, ...more].join(", ")}, not one dispatcher-VERSION`,
        );
      }
      if (version === this.current()) {
        throw new DispatcherError("already_exists", `release ${version}: it is the one that is installed`);
      }
      rmSync(this.#path(version), { recursive: true, force: true });
      renameSync(join(inside, folder), this.#path(version));
      return version;
    } finally {
      rmSync(place, { recursive: true, force: true });
    }
  }

  /** Starts it, and lets it read the configuration, wherever the present one can. */
  async check(version: string, doctor: readonly string[]): Promise<void> {
    const shown = await this.#start(version, ["--version"]);
    if (shown.code !== 0 || !shown.out.startsWith(`${version} `)) {
      throw new DispatcherError("invalid", `release ${version}: it does not start: ${lastWords(shown)}`);
    }
    const found = await this.#start(version, ["doctor", "--offline", ...doctor]);
    if (found.code === 0 || (await this.#start(this.current(), ["doctor", "--offline", ...doctor])).code !== 0) return;
    throw new DispatcherError(
      "invalid",
      `release ${version}: it refuses the configuration that works now:\n${found.out}`,
      {
        remedy: "the release's CHANGELOG.md says what to change; nothing was switched",
      },
    );
  }

  /** Only these stay: the one to go back to is among them. */
  keep(versions: readonly string[]): void {
    for (const version of readdirSync(join(this.#home, "releases"))) {
      if (!versions.includes(version)) this.remove(version);
    }
  }

  remove(version: string): void {
    rmSync(this.#path(version), { recursive: true, force: true });
  }

  #start(version: string, args: readonly string[]) {
    return this.#run(join(this.#path(version), "bin", "dispatcher"), args, { timeout: MINUTE });
  }

  #path(version: string): string {
    return join(this.#home, "releases", version);
  }
}
