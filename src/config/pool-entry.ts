import { resolve } from "node:path";
import type { NodeName } from "../domain/ids.ts";
import type { VmidRange } from "../domain/vmids.ts";
import { readEvents } from "./events.ts";
import type { PoolEntry } from "./file-shape.ts";
import { readLabels } from "./labels.ts";
import * as names from "./names.ts";
import {
  cloneReader,
  coresReader,
  deliveryReader,
  maxReader,
  rangeBetween,
  registrationReader,
} from "./pool-readers.ts";
import { type PoolSettings, type Setting, setting } from "./pool-settings.ts";
import type { PoolsFile } from "./pools-file.ts";
import { at, bad, chain, combine, each, good, type Read, type Reader } from "./read.ts";
import { duration, gibibytes, mebibytes, quote } from "./readers.ts";
import { readScope } from "./scope.ts";
import { hostKey, privateKeyFile, sftpAddress } from "./sftp.ts";
import { readUserData } from "./user-data.ts";

type Given = { readonly [K in keyof PoolSettings]: PoolSettings[K] | null };

/** What one pool of the file says for itself; what it leaves out comes from the environment. */
export function entrySettings(entry: PoolEntry, where: string, file: PoolsFile): Partial<PoolSettings> {
  const { folder } = file;
  const own = <T>(key: keyof PoolEntry, reader: Reader<T>): Setting<T> | null => {
    const value = entry[key];
    if (typeof value !== "string" && typeof value !== "number") return null;
    return setting("file", `${where}.${key}`, reader(String(value).trim()));
  };
  const given: Given = {
    labels: entry.labels === undefined ? null : setting("file", `${where}.labels`, readLabels(entry.labels)),
    scope:
      entry.github === undefined
        ? null
        : { where: `${where}.github`, origin: "file", read: readScope(entry.github, `${where}.github`) },
    events: entry.events === undefined ? null : setting("file", `${where}.events`, readEvents(entry.events)),
    template: own("template", names.template),
    nodes: nodesOf(entry, where),
    storage: own("storage", names.storageName),
    range: rangeOf(entry, where),
    prefix: own("runner_name_prefix", names.prefix),
    resourcePool: own("resource_pool", names.resourcePoolName),
    clone: own("clone", cloneReader),
    cloneStorage: own("clone_storage", names.storageName),
    cores: own("cores", coresReader),
    memory: own("memory", mebibytes),
    disk: own("disk", gibibytes),
    network: own("network", names.network),
    max: own("max_runners", maxReader),
    delivery: own("delivery", deliveryReader),
    snippetsDir: own("snippets_dir", (path) => good(path === "" ? "" : resolve(folder.path, path))),
    sftp: own("snippets_sftp", sftpAddress),
    sftpKey: own("snippets_sftp_key_file", (path) => privateKeyFile(path, folder)),
    sftpHostKey: own("snippets_sftp_host_key", hostKey),
    registration: own("registration", registrationReader),
    userData: own("user_data_template", (path) => readUserData(path, folder)),
    runnerUser: own("runner_user", names.runnerUser),
    idlePatience: own("idle_timeout", duration),
    bootDeadline: own("boot_timeout", duration),
    hardLifetime: own("hard_lifetime", duration),
  };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null));
}

function nodesOf(entry: PoolEntry, where: string): Setting<readonly NodeName[]> | null {
  const { node, nodes } = entry;
  if (node === undefined && nodes === undefined) return null;
  const here = `${where}.${nodes === undefined ? "node" : "nodes"}`;
  if (node !== undefined && nodes !== undefined)
    return setting("file", here, bad("stands beside node; keep one of them"));
  const listed = nodes ?? [node ?? ""];
  if (listed.length === 0) return setting("file", here, bad("is an empty list; name a node, or remove it"));
  const twice = listed.filter((name, index) => listed.indexOf(name) !== index);
  if (twice.length > 0) return setting("file", here, bad(`${twice.map(quote).join(", ")} is listed twice; keep one`));
  return setting("file", here, each(listed.map((name) => names.nodeName(name.trim()))));
}

function rangeOf(entry: PoolEntry, where: string): Setting<VmidRange> | null {
  const { vmids, vmid_start, vmid_end } = entry;
  if (vmids === undefined && vmid_start === undefined && vmid_end === undefined) return null;
  if (vmids !== undefined) {
    const here = `${where}.vmids`;
    if (vmid_start !== undefined || vmid_end !== undefined) {
      return setting("file", here, bad("stands beside vmid_start or vmid_end; keep one way of saying it"));
    }
    const [, first, last] = /^\s*(\d+)\s*-\s*(\d+)\s*$/.exec(vmids) ?? [];
    if (first === undefined || last === undefined) {
      return setting("file", here, bad(`${quote(vmids)} is no range; write for example "200-299"`));
    }
    return setting("file", here, between(names.vmid(first), names.vmid(last)));
  }
  const here = `${where}.vmid_start`;
  if (vmid_start === undefined || vmid_end === undefined) {
    return setting("file", here, bad("vmid_start and vmid_end go together; give both"));
  }
  const first = at(`${where}.vmid_start`, names.vmid(String(vmid_start)));
  const last = at(`${where}.vmid_end`, names.vmid(String(vmid_end)));
  return {
    where: here,
    origin: "file",
    read: chain(combine({ first, last }), (range) => at(here, rangeBetween(range))),
  };
}

const between = (first: Read<VmidRange["first"]>, last: Read<VmidRange["last"]>): Read<VmidRange> =>
  chain(combine({ first, last }), rangeBetween);
