import { ownVolume } from "./disks.ts";
import { isCdrom, isCloudInit, isDriveSlot, parseDrive } from "./drives.ts";
import { type Config, type ConfigValue, digestOf, type Guest, lockOf } from "./guest.ts";
import { configParameters, isOption, isRootOnly, privilegeFor } from "./options.ts";
import { demand } from "./permissions.ts";
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
}

const steering = new Set(["delete", "revert", "digest", "force", "skiplock", "vmid", "node", "background_delay"]);

export function readChange({ state, values }: Call): Change {
  if (values.flag("skiplock")) throw badParameters({ skiplock: "Only root may use this option." });
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
  if (set.size + remove.length + revert.length === 0) throw failed("no options specified");
  const rootOnly = [...set.keys(), ...remove].find(isRootOnly);
  if (rootOnly !== undefined) throw failed(`only root can set '${rootOnly}' config`);
  return { set, remove, revert, digest: values.text("digest") };
}

/** What the guest, as it is now, says to the change. */
export function judgeChange(guest: Guest, change: Change): void {
  if (change.digest !== undefined && change.digest !== digestOf(guest)) {
    throw failed("checksum mismatch (file change by other user?)");
  }
  const lock = lockOf(guest);
  if (lock !== undefined) throw failed(`VM is locked (${lock})`);
}

/** Whether the token may set all of these options. */
export function authoriseChange({ state, token, vmid }: Call, config: Config, change: Change): void {
  const path = `/vms/${vmid}`;
  for (const name of [...change.set.keys(), ...change.remove, ...change.revert]) {
    if (!isDriveSlot(name)) {
      demand(state, token, path, privilegeFor(name));
      continue;
    }
    const owner = ownerOf(String(change.set.get(name) ?? ""));
    if (owner !== null && owner !== vmid) demand(state, token, `/vms/${owner}`, "VM.Config.Disk");
    const now = config.get(name);
    const wish = change.set.get(name);
    const drives = [now, wish].filter((v) => v !== undefined).map((v) => parseDrive(String(v)));
    const cdrom = drives.every((drive) => isCdrom(drive) || isCloudInit(drive) || drive.volume === "none");
    demand(state, token, path, cdrom ? "VM.Config.CDROM" : "VM.Config.Disk");
    if (drives.some(isCloudInit)) demand(state, token, path, "VM.Config.Cloudinit");
    const storage = /^([^:,]+):/.exec(String(wish ?? ""))?.[1];
    if (storage !== undefined) {
      demand(state, token, `/storage/${storage}`, "Datastore.AllocateSpace", "Datastore.Audit");
    }
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
