import type { Command } from "commander";
import type { AccessNames } from "../bootstrap/access-wish.ts";
import type { Extras } from "../proxmox/setup/roles.ts";

/** How dispatcher's token and what hangs on it are called, and what it may do beyond the needed. */
export interface AccessOptions extends AccessNames {
  readonly withSnapshots?: true;
  readonly withDisk?: true;
  readonly withAgent?: true;
}

/** For each command that makes the token. */
export const withAccessOptions = (command: Command): Command =>
  command
    .option("--pool <name>", "the guests' resource pool", "runners")
    .option("--seeds <name>", "the storage for seeds alone", "seeds")
    .option("--seeds-path <folder>", "its folder on each node", "/var/lib/vz-seeds")
    .option("--user <name@realm>", "who owns dispatcher's token", "dispatcher@pve")
    .option("--token <name>", "the token's name", "daemon")
    .option("--with-snapshots", "for snapshots of guests (VM.Snapshot)")
    .option("--with-disk", "for larger disks than the template's (VM.Config.Disk)")
    .option(
      "--with-agent",
      "for asking guests what they do, and whether they live (on PVE 8 this allows commands as root)",
    );

/** `delivery`: secrets are written through the guest agent as well. */
export const extrasOf = ({ withSnapshots, withDisk, withAgent }: AccessOptions, delivery: boolean): Extras => ({
  snapshots: withSnapshots === true,
  disk: withDisk === true,
  agent: withAgent === true || delivery,
  delivery,
});
