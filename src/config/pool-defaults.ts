import { resolve } from "node:path";
import type { RepositoryName } from "../domain/ids.ts";
import type { Scope } from "../domain/pool.ts";
import type { VmidRange } from "../domain/vmids.ts";
import type { Environment, SettledName, VariableName } from "./environment.ts";
import { readEvents } from "./events.ts";
import type { Folder } from "./files.ts";
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
import { at, bad, chain, combine, good, type Read, type Reader } from "./read.ts";
import { commaList, duration, gibibytes, mebibytes } from "./readers.ts";
import { readSecret } from "./secrets.ts";
import { hostKey, privateKeyIn, sftpAddress } from "./sftp.ts";
import { userDataOf } from "./user-data.ts";

/** What the environment says of pools: the pool `default`, and what the file's pools leave out. */
export function poolDefaults(
  env: Environment,
  context: { readonly cwd: Folder; readonly builtinTemplate: string; readonly repository: Read<RepositoryName> },
): PoolSettings {
  const settled = <T>(name: SettledName, reader: Reader<T>): Setting<T> => from(name, reader(env.text(name)));
  const optional = <T>(name: VariableName, reader: Reader<T>): Setting<T | null> => {
    const text = env.given(name);
    return from<T | null>(name, text === null ? good(null) : reader(text));
  };
  const { repository, cwd } = context;
  const node = env.given("PROXMOX_NODE");

  return {
    labels: settled("RUNNER_LABELS", (text) => readLabels(commaList(text))),
    scope: { where: "REPO_URL", origin: "environment", read: chain(repository, scopeOf) },
    events: settled("ALLOW_EVENTS", (text) => readEvents(commaList(text))),
    template:
      env.given("TEMPLATE_VMID") === null
        ? settled("TEMPLATE_NAME", names.templateName)
        : from("TEMPLATE_VMID", names.templateVmid(env.given("TEMPLATE_VMID") ?? "")),
    // Missing: told once, with the other required names.
    nodes: from("PROXMOX_NODE", node === null ? bad() : chain(names.nodeName(node), (name) => good([name]))),
    storage: settled("PROXMOX_STORAGE", names.storageName),
    range: { where: "RUNNER_ID_START and RUNNER_ID_END", origin: "environment", read: rangeOf(env) },
    prefix: settled("RUNNER_NAME_PREFIX", names.prefix),
    resourcePool: optional("RESOURCE_POOL", names.resourcePoolName),
    clone: settled("CLONE", cloneReader),
    cloneStorage: optional("CLONE_STORAGE", names.storageName),
    cores: optional("RUNNER_CORES", coresReader),
    memory: optional("RUNNER_MEMORY", mebibytes),
    disk: optional("RUNNER_DISK", gibibytes),
    network: optional("RUNNER_NETWORK", names.network),
    max: settled("RUNNER_MAX", maxReader),
    delivery: settled("DELIVERY", deliveryReader),
    snippetsDir: settled("SNIPPETS_DIR", (text) => good(text === "" ? "" : resolve(cwd.path, text))),
    sftp: optional("SNIPPETS_SFTP", sftpAddress),
    // Its problems name themselves, since the key may come from three places.
    sftpKey: {
      where: "SNIPPETS_SFTP_KEY",
      origin: "environment",
      read: chain(readSecret("SNIPPETS_SFTP_KEY", env, cwd), (key) => at("SNIPPETS_SFTP_KEY", privateKeyIn(key))),
    },
    sftpHostKey: optional("SNIPPETS_SFTP_HOST_KEY", hostKey),
    registration: optional("REGISTRATION", registrationReader),
    userData: from("USER_DATA_TEMPLATE", userDataOf(env, cwd, context.builtinTemplate)),
    runnerUser: settled("RUNNER_USER", names.runnerUser),
    idlePatience: settled("IDLE_TIMEOUT", duration),
    bootDeadline: settled("BOOT_TIMEOUT", duration),
    hardLifetime: settled("HARD_LIFETIME", duration),
  };
}

const from = <T>(name: VariableName, read: Read<T>): Setting<T> => setting("environment", name, read);

const scopeOf = (repository: RepositoryName): Read<Scope> => good({ kind: "repository", repository });

function rangeOf(env: Environment): Read<VmidRange> {
  const ends = combine<VmidRange>({
    first: at("RUNNER_ID_START", names.vmid(env.text("RUNNER_ID_START"))),
    last: at("RUNNER_ID_END", names.vmid(env.text("RUNNER_ID_END"))),
  });
  return chain(ends, (range) => at("RUNNER_ID_START and RUNNER_ID_END", rangeBetween(range)));
}
