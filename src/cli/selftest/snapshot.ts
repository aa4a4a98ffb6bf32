import type { Upid } from "../../domain/ids.ts";
import type { RunnerPool } from "../../domain/pool.ts";
import type { Clock } from "../../domain/time.ts";
import { MINUTE } from "../../domain/time.ts";
import type { Cloning } from "../../engine/site.ts";
import type { ProxmoxClient } from "../../proxmox/client.ts";
import { createTasks } from "../../proxmox/tasks.ts";
import type { Steps } from "./steps.ts";

const snapshotName = "selftest";
const deadline = 5 * MINUTE;

/**
 * A snapshot of the guest that is off, back to it, and away with it. It is taken of the configured guest, so that the
 * configuration that comes back carries the marker of the phase that it is in.
 */
export async function trySnapshot(
  { client, clock }: { readonly client: ProxmoxClient; readonly clock: Clock },
  pool: RunnerPool,
  { guest: { vmid }, node }: Cloning,
  { step, skip }: { readonly step: Steps["run"]; readonly skip: Steps["skip"] },
  signal: AbortSignal,
): Promise<void> {
  const may = await step(
    "privileges",
    () => mayTakeSnapshots(client, vmid, pool, signal),
    (yes) => `${yes ? "with" : "without"} VM.Snapshot`,
  );
  if (!may) return skip("snapshot", "the token lacks VM.Snapshot, which dispatcher itself does not need");
  const can = await step(
    "snapshots possible",
    () => client.canSnapshot(node, vmid, signal),
    (yes) => (yes ? "all disks hold snapshots" : "not on this storage, or not in this disk format"),
  );
  if (!can) {
    return skip("snapshot", "the storage or the format of a disk holds no snapshots, which dispatcher does not need");
  }
  const tasks = createTasks(client, clock);
  const finish = async (upid: Promise<Upid>, what: string): Promise<void> =>
    tasks.finish(await upid, `${what} of ${vmid}`, { deadline, signal });
  const wish = { name: snapshotName, description: "Of the self-test.", memory: false };
  await step(
    "snapshot",
    () => finish(client.takeSnapshot(node, vmid, wish, signal), "snapshot"),
    () => "taken",
  );
  await step(
    "rollback",
    () => finish(client.rollback(node, vmid, snapshotName, { start: false }, signal), "rollback"),
    () => "rolled back",
  );
  await step(
    "delete the snapshot",
    () => finish(client.deleteSnapshot(node, vmid, snapshotName, signal), "delete the snapshot"),
    () => "deleted",
  );
}

/** A grant on the resource pool counts for its guests. */
async function mayTakeSnapshots(
  client: ProxmoxClient,
  vmid: Cloning["guest"]["vmid"],
  { guest: { resourcePool } }: RunnerPool,
  signal: AbortSignal,
): Promise<boolean> {
  const paths = [`/vms/${vmid}`, ...(resourcePool === null ? [] : [`/pool/${resourcePool}`])];
  const granted = await Promise.all(paths.map((path) => client.privilegesAt(path, signal)));
  return granted.some((privileges) => privileges.has("VM.Snapshot"));
}
