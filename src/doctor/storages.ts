import type { NodeName, StorageName } from "../domain/ids.ts";
import type { StorageStatus } from "../proxmox/inspect-calls.ts";
import type { Patient, Sight, SiteCheck } from "./examined.ts";
import { attempt, blocks, type Finding, good, unread, warns } from "./finding.ts";
import { diskStorages } from "./template-options.ts";

interface Use {
  readonly node: NodeName;
  readonly storage: StorageName;
  /** What kind of seeds is written there. */
  readonly seeds: "iso" | "snippets" | null;
  readonly disks: boolean;
  /** Linked clones are made of disks that lie there. */
  readonly linked: boolean;
}

/** Every storage that is used, on every node that uses it. */
export const checkStorages: SiteCheck = async (patient, { sights }) => {
  const findings: Finding[] = [];
  for (const use of usesOf(sights)) findings.push(...(await checkOne(patient, use)));
  return findings;
};

function usesOf(sights: readonly Sight[]): readonly Use[] {
  const uses = new Map<string, Use>();
  const add = (use: Use): void => {
    const key = `${use.node} ${use.storage}`;
    const known = uses.get(key);
    uses.set(key, {
      ...use,
      seeds: use.seeds ?? known?.seeds ?? null,
      disks: use.disks || (known?.disks ?? false),
      linked: use.linked || (known?.linked ?? false),
    });
  };
  for (const sight of sights) {
    const { pool, node } = sight;
    const { delivery } = pool;
    if (delivery.kind !== "agent") {
      add({ node, storage: delivery.storage, seeds: delivery.kind, disks: false, linked: false });
    }
    const linked = pool.guest.clone.kind === "linked";
    for (const disks of diskStorages(sight)) add({ node, storage: disks, seeds: null, disks: true, linked });
  }
  return [...uses.values()];
}

async function checkOne({ pve, signal }: Patient, use: Use): Promise<readonly Finding[]> {
  const { node, storage } = use;
  const name = `storage ${storage} on node ${node}`;
  const read = await attempt(pve.storageStatus(node, storage, signal));
  if (!read.ok) {
    if (/does not exist/.test(read.error.message)) {
      const remedy = `pvesm status on ${node} lists those that exist: name one of them, or make it (pvesm add dir ${storage} --path /var/lib/${storage} --content iso)`;
      return [blocks("storage", `${name} does not exist`, needsIt(use), remedy)];
    }
    return [unread("storage", name, read.error, `grant Datastore.Audit on /storage/${storage}`)];
  }
  const found = defects(name, use, read.value);
  return found.length > 0 ? found : [good("storage", `${name}: active, ${spellUse(use)}, ${spellFree(read.value)}`)];
}

function defects(name: string, use: Use, status: StorageStatus): readonly Finding[] {
  const { storage } = use;
  if (!status.enabled) {
    return [blocks("storage", `${name} is disabled`, needsIt(use), `pvesm set ${storage} --disable 0`)];
  }
  if (!status.active) {
    const remedy = "pvesm status on that node says why; often its path is not mounted, or its server does not answer";
    return [blocks("storage", `${name} is not active`, needsIt(use), remedy)];
  }
  return [...seedDefects(name, use, status), ...diskDefects(name, use, status), ...fullness(name, use, status)];
}

function* seedDefects(name: string, { storage, seeds }: Use, { content }: StorageStatus): Generator<Finding> {
  if (seeds === null) return;
  if (!content.includes(seeds)) {
    const remedy = `pvesm set ${storage} --content ${[...content, seeds].join(",")}`;
    yield blocks("storage", `${name} does not hold the content ${seeds}`, "seeds cannot be written there", remedy);
  }
  const others = ["images", "rootdir", "backup"].filter((kind) => content.includes(kind));
  if (seeds === "iso" && others.length > 0) {
    yield warns(
      "storage",
      `${name} holds seeds and also ${others.join(", ")}`,
      "the right to delete seeds there is the right to delete those too",
      "pvesm add dir seeds --path /var/lib/vz-seeds --content iso; then PROXMOX_STORAGE=seeds",
    );
  }
}

/** Thick volumes without snapshots: PVE cannot make a linked clone of what lies there. */
const cannotLink: ReadonlySet<string> = new Set(["lvm", "iscsi", "iscsidirect"]);
const canLink: ReadonlySet<string> = new Set("dir nfs cifs glusterfs cephfs btrfs lvmthin zfspool zfs rbd".split(" "));

function* diskDefects(name: string, { linked }: Use, { type }: StorageStatus): Generator<Finding> {
  if (!linked || canLink.has(type)) return;
  const remedy = "move the template's disks (qm move-disk) to a thin storage, or ask for full clones: CLONE=full";
  if (cannotLink.has(type)) {
    yield blocks("storage", `${name} is of type ${type}`, "it cannot make linked clones", remedy);
    return;
  }
  const why = "it is not known whether storages of that type can make linked clones";
  yield warns("storage", `${name} is of type ${type}`, why, `try it: qm clone on that node; if it fails, ${remedy}`);
}

const MiB = 1024 ** 2;

function* fullness(name: string, use: Use, { free, total }: StorageStatus): Generator<Finding> {
  if (free === null) {
    yield warns("storage", `${name} does not say how much is free`, "it may be full", "look at it: pvesm status");
    return;
  }
  const remedy = "remove what is not needed there (pvesm list), or give it more room";
  // A seed takes less than one MiB, and an upload lies there once more while it is copied.
  const least = use.disks ? 1024 * MiB : 4 * MiB;
  const low = use.disks ? Math.max(10 * 1024 * MiB, (total ?? 0) / 20) : 64 * MiB;
  const left = spellFree({ free });
  if (free < least) yield blocks("storage", `${name} is full: ${left}`, needsIt(use), remedy);
  else if (free < low) yield warns("storage", `${name} is nearly full: ${left}`, needsIt(use), remedy);
}

const needsIt = ({ seeds, disks }: Use): string =>
  seeds !== null && disks
    ? "seeds and disks of guests lie there"
    : disks
      ? "disks of guests lie there"
      : "seeds lie there";

const spellUse = ({ seeds, disks }: Use): string =>
  [...(seeds === null ? [] : [`takes ${seeds}`]), ...(disks ? ["takes disks"] : [])].join(" and ");

const spellFree = ({ free }: Pick<StorageStatus, "free">): string =>
  `${Math.round((free ?? 0) / MiB).toLocaleString("en")} MiB free`;
