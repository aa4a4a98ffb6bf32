import { demandBridges } from "./bridges.ts";
import { ownVolume } from "./disks.ts";
import { isCdrom, isCloudInit, isDriveSlot, parseDrive } from "./drives.ts";
import { type Config, type ConfigValue, digestOf, type Guest, lockOf } from "./guest.ts";
import { configParameters, isOption, isRootOnly, privilegeFor } from "./options.ts";
import { allowed, demand, demandOnGuest } from "./permissions.ts";
import { badParameters, failed } from "./refusal.ts";
import type { Call } from "./router.ts";
import { isExecutable } from "./snippets.ts";
import type { PveState } from "./state.ts";

/** A wished change of a configuration, as far as it can be judged without the guest. */
export interface Change {
  readonly set: ReadonlyMap<string, ConfigValue>;
  readonly remove: readonly string[];
  readonly revert: readonly string[];
  readonly digest: string | undefined;
  /** Root may change what is locked. */
  readonly skipLock?: boolean;
}

const steering = new Set([
  "delete",
  "revert",
  "digest",
  "force",
  "skiplock",
  "vmid",
  "node",
  "background_delay",
  "import-working-storage",
]);

export function readChange({ state, token, values }: Call): Change {
  const isRoot = token.id === "root@pam";
  if (values.flag("skiplock") && !isRoot) throw badParameters({ skiplock: "Only root may use this option." });
  const set = new Map<string, ConfigValue>();
  for (const [name, value] of values.entries()) {
    if (steering.has(name)) continue;
    if (Object.hasOwn(configParameters, name)) set.set(name, value);
  }
  const remove = words(values.text("delete"));
  const revert = words(values.text("revert"));
  for (const name of remove) {
    if (set.has(name))
      throw badParameters({ delete: `you can't use '-${name}' and -delete ${name}' at the same time` });
    if (!isOption(name)) throw badParameters({ delete: `unknown option '${name}'` });
  }
  for (const name of revert) {
    if (!isOption(name)) throw badParameters({ revert: `unknown option '${name}'` });
  }
  const hook = set.get("hookscript");
  if (hook !== undefined) refuseHook(state, String(hook));
  const given = set.size + remove.length + revert.length + values.blank.length;
  if (given === 0) throw failed("no options specified");
  const rootOnly = [...set.keys(), ...remove].find(isRootOnly);
  if (rootOnly !== undefined && !isRoot) throw failed(`only root can set '${rootOnly}' config`);
  return { set, remove, revert, digest: values.text("digest"), skipLock: values.flag("skiplock") };
}

/** What the guest, as it is now, says to the change. */
export function judgeChange(guest: Guest, change: Change): void {
  if (change.digest !== undefined && change.digest !== digestOf(guest)) {
    throw failed("checksum mismatch (file change by other user?)");
  }
  const lock = lockOf(guest);
  if (lock !== undefined && change.skipLock !== true) throw failed(`VM is locked (${lock})`);
}

/** Whether the token may set all of these options; `pool`: of the guest that is being made. */
export function authoriseChange(
  call: Pick<Call, "state" | "token" | "vmid">,
  config: Config,
  change: Change,
  pool: string | null = null,
): void {
  const { state, token, vmid } = call;
  for (const name of [...change.set.keys(), ...change.remove, ...change.revert]) {
    if (!isDriveSlot(name)) {
      demandOnGuest(call, pool, privilegeFor(name));
      continue;
    }
    const owner = ownerOf(String(change.set.get(name) ?? ""));
    if (owner !== null && owner !== vmid) demand(state, token, `/vms/${owner}`, "VM.Config.Disk");
    const now = config.get(name);
    const wish = change.set.get(name);
    const drives = [now, wish].filter((v) => v !== undefined).map((v) => parseDrive(String(v)));
    const cdrom = drives.every((drive) => isCdrom(drive) || isCloudInit(drive) || drive.volume === "none");
    demandOnGuest(call, pool, cdrom ? "VM.Config.CDROM" : "VM.Config.Disk");
    if (drives.some(isCloudInit)) demandOnGuest(call, pool, "VM.Config.Cloudinit");
    demandStorage(call, String(wish ?? ""));
  }
  demandBridges(call, change.set);
}

/** A new disk takes space, a file only has to be seen. Whoever allocates the storage may see all of it. */
function demandStorage({ state, token }: Pick<Call, "state" | "token">, drive: string): void {
  const [, storage, name = ""] = /^([^:,]+):([^,]*)/.exec(drive) ?? [];
  if (storage === undefined || name === "cloudinit") return;
  const path = `/storage/${storage}`;
  if (/^\d+(\.\d+)?$/.test(name)) demand(state, token, path, "Datastore.AllocateSpace");
  else if (!allowed(state, token, path, "Datastore.Allocate")) {
    demand(state, token, path, "Datastore.AllocateSpace", "Datastore.Audit");
  }
}

/** A script that would run is only refused later, for it is root's to set. */
function refuseHook(state: PveState, script: string): void {
  const [storage = "", name = ""] = script.split(":snippets/");
  if (state.spec.storages.some((s) => s.name === storage && isExecutable(s, name))) return;
  throw badParameters({ hookscript: `script '${script}' is not executable\n` });
}

/** The guest whose disk a drive would hold. */
function ownerOf(drive: string): number | null {
  const digits = /^[^:]+:(\d+)\//.exec(ownVolume(parseDrive(drive).volume))?.[1];
  return digits === undefined ? null : Number(digits);
}

const words = (text: string | undefined): readonly string[] => (text ?? "").split(/[,;\s]+/).filter((w) => w !== "");
