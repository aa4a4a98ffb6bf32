import { Command, CommanderError } from "commander";
import { spellError } from "../app/logger.ts";
import { commit, version } from "../app/version.ts";
import { benchCommand } from "./bench.ts";
import { bootstrapCommand } from "./bootstrap.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { drainCommand } from "./drain.ts";
import { emulateCommand } from "./emulate.ts";
import { initCommand } from "./init.ts";
import type { ExitCode, Io } from "./io.ts";
import { launchCommand } from "./launch.ts";
import { onceCommand } from "./once.ts";
import { proxmoxSetupCommand } from "./proxmox-setup.ts";
import { runCommand } from "./run.ts";
import { seedCommand } from "./seed.ts";
import { selftestCommand } from "./selftest.ts";
import { statusCommand } from "./status.ts";
import { templateCommand } from "./template.ts";
import { updateCommand } from "./update.ts";

/** Resolves to the exit code: 0 done, 1 failed, 2 wrong usage. */
export async function cli(io: Io): Promise<ExitCode> {
  let code: ExitCode = 0;
  const ends = (work: Promise<ExitCode>): Promise<void> =>
    work.then((result) => {
      code = result;
    });

  const program = new Command("dispatcher")
    .description("Gives each waiting GitHub Actions job a fresh throw-away VM on Proxmox VE.")
    .version(`${version()} (commit ${commit()})`, "-V, --version")
    .configureOutput({ writeOut: io.out, writeErr: io.err })
    .exitOverride()
    .enablePositionalOptions();
  for (const command of [
    initCommand,
    runCommand,
    onceCommand,
    drainCommand,
    statusCommand,
    doctorCommand,
    selftestCommand,
    launchCommand,
    seedCommand,
    emulateCommand,
    demoCommand,
    benchCommand,
    bootstrapCommand,
    proxmoxSetupCommand,
    templateCommand,
    updateCommand,
  ]) {
    const sub = command(io, ends);
    program.addCommand(sub.copyInheritedSettings(program));
  }

  try {
    await program.parseAsync([...io.args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    io.err(`${spellError(error)}\n`);
    return 1;
  }
}

/** How a command hands its exit code back. */
export type Ends = (work: Promise<ExitCode>) => Promise<void>;
