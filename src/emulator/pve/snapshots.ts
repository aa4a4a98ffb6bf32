import { makeVolume } from "./disks.ts";
import { type Drive, drivesOf, isDisk, splitVolume } from "./drives.ts";
import { type Config, type Guest, isRunning, lockOf, memoryOf } from "./guest.ts";
import { startGuest, switchOff } from "./power.ts";
import { failed } from "./refusal.ts";
import { isNine, newUuid, type PveState } from "./state.ts";
import type { Job } from "./tasks.ts";

const MiB = 1024 * 1024;

export interface SnapshotWish {
  readonly name: string;
  readonly description: string;
  readonly ram: boolean;
}

/** The worker's part: configuration and disks are kept, and the memory of a running machine where that is wished. */
export async function takeSnapshot(state: PveState, guest: Guest, wish: SnapshotWish, job: Job): Promise<void> {
  refuseLocked(guest);
  if (guest.snapshots.has(wish.name)) throw failed(`snapshot name '${wish.name}' already used`);
  if (!holdsSnapshots(guest.config)) throw failed("snapshot feature is not available");
  await job.pass(state.spec.durations.snapshot);
  const first = disksOf(guest.config)[0]?.volume;
  const storage = first === undefined ? null : (splitVolume(first)?.storage ?? null);
  const ram = wish.ram && isRunning(guest) && storage !== null ? ramOf(state, guest, storage, wish.name) : null;
  const parent = guest.config.get("parent");
  guest.snapshots.set(wish.name, {
    name: wish.name,
    description: wish.description,
    takenAt: state.time.now(),
    parent: parent === undefined ? null : String(parent),
    ram,
    config: new Map(guest.config),
  });
  guest.config.set("parent", wish.name);
}

/** Raw images on a directory cannot hold one. */
export const holdsSnapshots = (config: Config): boolean =>
  disksOf(config).every(({ volume }) => !volume.endsWith(".raw"));

export async function rollBack(state: PveState, guest: Guest, name: string, start: boolean, job: Job): Promise<void> {
  const snapshot = guest.snapshots.get(name);
  if (snapshot === undefined) throw failed(`snapshot '${name}' does not exist`);
  refuseLocked(guest);
  const { power } = guest;
  const ran = isRunning(guest);
  if (ran) await job.pass(state.spec.durations.stop);
  switchOff(state, guest, power);
  await job.pass(state.spec.durations.rollback);
  guest.pending.clear();
  guest.config = new Map(snapshot.config);
  guest.config.set("parent", name);
  if (guest.config.has("vmgenid")) guest.config.set("vmgenid", newUuid(state));
  state.statd.changed(guest.vmid);
  if (snapshot.ram !== null || start) await startGuest(state, guest, job);
  if (ran && isNine(state) && state.spec.durations.cleanup > 0) holdForCleanup(state, guest.vmid);
}

export async function removeSnapshot(state: PveState, guest: Guest, name: string, job: Job): Promise<void> {
  const snapshot = guest.snapshots.get(name);
  if (snapshot === undefined) throw failed(`snapshot '${name}' does not exist`);
  refuseLocked(guest);
  await job.pass(state.spec.durations.snapshot);
  if (snapshot.ram !== null) state.volumes.delete(snapshot.ram);
  guest.snapshots.delete(name);
  for (const other of guest.snapshots.values()) if (other.parent === name) other.parent = snapshot.parent;
  if (guest.config.get("parent") !== name) return;
  if (snapshot.parent === null) guest.config.delete("parent");
  else guest.config.set("parent", snapshot.parent);
}

const disksOf = (config: Config): readonly Drive[] =>
  drivesOf(config)
    .map(([, drive]) => drive)
    .filter(isDisk);

function ramOf(state: PveState, guest: Guest, storage: string, name: string): string {
  return makeVolume(state, {
    storage,
    name: `${guest.vmid}/vm-${guest.vmid}-state-${name}.raw`,
    size: 2 * memoryOf(guest) + 500 * MiB,
    content: "images",
    owner: guest.vmid,
    origin: "made",
  });
}

/** PVE 9 cleans up after the machine that was replaced, and waits for it with the guest's lock file in its hand. */
function holdForCleanup(state: PveState, vmid: number): void {
  state.time.after(0, () => {
    void state.locks.exclusive(vmid).then((release) => {
      if (release !== null) state.time.after(state.spec.durations.cleanup, release);
    });
  });
}

function refuseLocked(guest: Guest): void {
  const lock = lockOf(guest);
  if (lock !== undefined) throw failed(`VM is locked (${lock})`);
}
