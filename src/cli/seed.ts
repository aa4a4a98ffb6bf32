import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { Command } from "commander";
import { renderUserDataFor } from "../app/dispatcher.ts";
import { systemChance } from "../app/system.ts";
import { asRunnerId } from "../domain/ids.ts";
import { guestNameOf, newNonce } from "../domain/naming.ts";
import { Secret } from "../domain/secret.ts";
import type { Credential } from "../engine/forge.ts";
import { seedImage } from "../guest/seed-image.ts";
import { metaData } from "../guest/user-data.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";
import { readSettings } from "./ready.ts";

interface Options {
  readonly env?: string;
  readonly pool?: string;
  readonly out: string;
  readonly userData?: true;
  readonly credential?: string;
}

const placeholder = "placeholder-that-registers-nothing";

export const seedCommand = (io: Io, ends: Ends): Command =>
  new Command("seed")
    .description("Write a pool's seed image, or its user-data, to a file: to look at it, or to try a template by hand.")
    .requiredOption("--out <file>", "where to")
    .option("--env <file>", "environment file")
    .option("--pool <name>", "which runner pool (default: the first)")
    .option("--user-data", "the user-data alone instead of the image")
    .option(
      "--credential <file>",
      "a file with a JIT config or registration token (default: one that registers nothing)",
    )
    .action((options: Options) => ends(Promise.resolve(seed(io, options))));

function seed(io: Io, options: Options): ExitCode {
  const settings = readSettings(io, options.env);
  if (settings === null) return 1;
  const { config, templates } = settings;
  const pool = options.pool === undefined ? config.pools[0] : config.pools.find((p) => p.name === options.pool);
  if (pool === undefined) {
    const names = config.pools.map((p) => p.name).join(", ");
    io.err(`pool ${options.pool}: there is none of that name; the pools are ${names}\n`);
    return 2;
  }
  const given =
    options.credential === undefined ? placeholder : readFileSync(resolve(io.cwd, options.credential), "utf8").trim();
  const credential: Credential =
    pool.registration === "jit"
      ? { kind: "jit", config: new Secret(given), runnerId: asRunnerId(0) }
      : { kind: "token", token: new Secret(given) };
  const name = guestNameOf(pool.guest.prefix, newNonce(systemChance));
  const userData = renderUserDataFor(config, templates, pool, name, credential);
  const bytes =
    options.userData === true
      ? Buffer.from(userData)
      : seedImage({ userData, metaData: metaData({ instanceId: name, hostname: name }) });
  writeFileSync(resolve(io.cwd, options.out), bytes, { mode: 0o600 });
  io.err(`wrote ${options.out} (${bytes.length} bytes) for runner ${name} of pool ${pool.name}\n`);
  return 0;
}
