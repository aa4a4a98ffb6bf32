import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";
import { Command, Option } from "commander";
import { bootstrap } from "../bootstrap/bootstrap.ts";
import { uninstall } from "../bootstrap/uninstall.ts";
import { containerVariables } from "../bootstrap/wish.ts";
import { type AccessOptions, withAccessOptions } from "./access-options.ts";
import { prepare } from "./bootstrap/prepare.ts";
import type { Ends } from "./cli.ts";
import type { ExitCode, Io } from "./io.ts";

export interface BootstrapOptions extends AccessOptions {
  readonly env?: string;
  readonly way: "console" | "ssh";
  readonly rootfs?: string;
  readonly package?: string;
  readonly sha256?: string;
  readonly record: string;
  readonly ha?: true;
  readonly yes?: true;
  readonly uninstall?: true;
}

export const bootstrapCommand = (io: Io, ends: Ends): Command =>
  withAccessOptions(
    new Command("bootstrap")
      .description(
        "Makes the dispatcher's own container on PVE, with the service running in it, through the API alone. With an " +
          "administrator's login (PROXMOX_ADMIN_USER and PROXMOX_ADMIN_PASSWORD, or PROXMOX_ADMIN_TOKEN_ID and " +
          "PROXMOX_ADMIN_TOKEN_SECRET) and the daemon's settings in dispatcher.env. A second run updates.",
      )
      .addHelpText("after", `\nThe container: ${containerVariables.join(", ")}.`)
      .option("--env <file>", "the daemon's settings (default: dispatcher.env here, where there is one)")
      .addOption(
        new Option("--way <way>", "how the installation gets in: typed at the console, or over the network")
          .choices(["console", "ssh"])
          .default("console"),
      )
      .option("--rootfs <file>", "our own container archive (.tar.gz) in place of Debian's: nobody has to get in")
      .option("--package <file>", "the daemon's .deb or .tar.gz; or its address, with --sha256")
      .option("--sha256 <sum>", "of the package behind an address")
      .option("--record <file>", "what was begun, kept here for the next run", "dispatcher.bootstrap.json"),
  )
    .option("--ha", "let PVE's HA manager start it on another node when its own fails: CT_STORAGE must reach there")
    .option("--yes", "do not ask")
    .option("--uninstall", "remove the container, and all that was made on PVE for it")
    .action((options: BootstrapOptions) => ends(perform(io, options)));

async function perform(io: Io, options: BootstrapOptions): Promise<ExitCode> {
  const prepared = await prepare(io, options, {
    text: (path) => (existsSync(path) ? readFileSync(path, "utf8") : null),
    bytes: (path) => readFileSync(resolve(io.cwd, path)),
  });
  if (!prepared.ok) {
    io.err(`bootstrap cannot begin:\n${prepared.problems.map((problem) => `  - ${problem}\n`).join("")}`);
    return 1;
  }
  const { tools, wish, close } = prepared;
  const work = options.uninstall === true ? uninstall : bootstrap;
  try {
    const outcome = await work(tools, wish, () => confirm(io, options), io.stop);
    io.out(`${endings[outcome]}\n`);
    return outcome === "declined" ? 1 : 0;
  } finally {
    await close();
  }
}

const endings = {
  done: "done",
  "nothing to do": "nothing to do: all is as it should be",
  declined: "nothing was changed",
} as const;

async function confirm(io: Io, { yes }: BootstrapOptions): Promise<boolean> {
  if (yes === true) return true;
  if (!io.terminal) {
    io.err("nobody can be asked here: give --yes\n");
    return false;
  }
  const terminal = createInterface({ input: process.stdin, output: process.stdout });
  try {
    return /^y(es)?$/i.test((await terminal.question("Go on? [y/N] ", { signal: io.stop })).trim());
  } finally {
    terminal.close();
  }
}
