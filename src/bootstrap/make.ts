import { asStorageName, type NodeName, type Vmid } from "../domain/ids.ts";
import { Secret } from "../domain/secret.ts";
import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import { prepended } from "./archive.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import { enterByConsole } from "./enter.ts";
import { containerTag, findContainer } from "./find.ts";
import { leaveHa } from "./ha.ts";
import { setMarker } from "./mark.ts";
import { type ContainerMarker, describeContainer } from "./marker.ts";
import { provision } from "./provision.ts";
import { note, readRecord } from "./record.ts";
import type { InsideFile } from "./shell.ts";
import { enterBySsh, fingerprintsIn, newKeys } from "./ssh.ts";
import { fetchTemplate, type TemplateSource } from "./template.ts";
import type { Tools } from "./tools.ts";
import type { Undo } from "./undo.ts";

export interface Making {
  readonly vmid: Vmid;
  readonly template: TemplateSource;
  readonly files: readonly InsideFile[];
  readonly signer: Signer;
  /** Of a finished container. */
  readonly sums: Pick<ContainerMarker, "package" | "settings">;
}

/** From its template to a daemon that answers. */
export async function makeContainer(
  tools: Tools,
  wish: BootstrapWish,
  making: Making,
  undo: Undo,
  signal: AbortSignal,
): Promise<void> {
  const { client, tasks, tell, record, random } = tools;
  const { vmid, signer, files } = making;
  const { node, way, container } = wish;
  const template = await haveTemplate(tools, wish, making, undo, signal);
  const ours = making.template.kind !== "there" || readRecord(record).template === template;
  const fetched = ours && way.kind !== "rootfs" ? template : null;
  const marker: ContainerMarker = { ...making.sums, instance: wish.instance, phase: "making", template: fetched };
  const keys = way.kind === "ssh" ? newKeys(wish.instance) : null;
  const password = way.kind === "console" ? new Secret(`${random()}${random()}`) : null;
  note(record, { vmid });
  undo.push(`container ${vmid}`, (cut) => removeMade(tools, wish, signer, cut));
  const upid = await client.createContainer(
    node,
    {
      vmid,
      template,
      storage: container.storage,
      pool: null,
      password,
      start: true,
      options: {
        hostname: container.hostname,
        cores: container.cores,
        memory: container.memory,
        swap: container.swap,
        rootfs: `${container.storage}:${container.disk}`,
        net0: `name=eth0,bridge=${container.bridge},${container.net}`,
        unprivileged: 1,
        features: "nesting=1",
        onboot: 1,
        tags: containerTag,
        description: describeContainer(marker, vmid, signer),
        ...(keys === null ? {} : { "ssh-public-keys": `${keys.publicLine}\n` }),
      },
    },
    signal,
  );
  await tasks.finish(upid, `make container ${vmid}`, { deadline: 10 * MINUTE, signal });
  tell(`made        container ${vmid}`);
  if (way.kind === "rootfs") await forgetArchive(tools, wish, template, signal);
  else {
    const shell =
      keys === null
        ? await enterByConsole(tools, { node, vmid }, password, signal)
        : await enterBySsh(
            tools,
            { node, vmid },
            { keys, fingerprints: fingerprintsIn(await client.taskLog(upid, signal)) },
            signal,
          );
    try {
      await provision(tools, shell, wish, files, signal);
    } finally {
      await shell.close();
    }
  }
  await setMarker(tools, { node, vmid, signer }, { ...marker, phase: "ready" }, signal);
}

async function haveTemplate(
  tools: Tools,
  wish: BootstrapWish,
  making: Making,
  undo: Undo,
  signal: AbortSignal,
): Promise<string> {
  const { template: source, files } = making;
  const { node, container, way } = wish;
  if (source.kind === "there") return source.volume;
  note(tools.record, { template: source.volume });
  undo.push(`template ${source.volume}`, async (cut) => {
    await removeVolume(tools, node, source.volume, cut);
    note(tools.record, { template: null });
  });
  const whole =
    way.kind === "rootfs" && source.kind === "file" ? { ...source, bytes: prepended(source.bytes, files) } : source;
  await fetchTemplate(tools, node, container.templates, whole, signal);
  tools.tell(`fetched     template ${source.volume}`);
  return source.volume;
}

/** It holds the configuration: overwritten first, as not everyone may delete. */
async function forgetArchive(tools: Tools, wish: BootstrapWish, volume: string, signal: AbortSignal): Promise<void> {
  const { client, tasks, record } = tools;
  const name = volume.slice(volume.indexOf("/") + 1);
  const empty = { content: "vztmpl" as const, name, bytes: new Uint8Array() };
  const upid = await client.upload(wish.node, wish.container.templates, empty, signal);
  await tasks.finish(upid, `empty ${volume}`, { deadline: 5 * MINUTE, signal });
  await removeVolume(tools, wish.node, volume, signal);
  note(record, { template: null });
}

export async function removeVolume(
  { client, tasks }: Tools,
  node: NodeName,
  volume: string,
  signal: AbortSignal,
): Promise<void> {
  const [storage = ""] = volume.split(":");
  const upid = await client.deleteVolume(node, asStorageName(storage), volume, signal);
  if (upid !== null) await tasks.finish(upid, `delete ${volume}`, { deadline: 5 * MINUTE, signal });
}

/** Nothing but what proves to be ours: a number alone proves nothing. */
async function removeMade(tools: Tools, wish: BootstrapWish, signer: Signer, signal: AbortSignal): Promise<void> {
  const found = await findContainer(tools, wish.instance, signer, signal);
  if (found !== null) await destroyContainer(tools, found, signal);
  note(tools.record, { vmid: null });
}

export async function destroyContainer(
  tools: Tools,
  { node, vmid, running }: { readonly node: NodeName; readonly vmid: Vmid; readonly running: boolean },
  signal: AbortSignal,
): Promise<void> {
  const { client, tasks } = tools;
  await leaveHa(tools, vmid, signal);
  if (running) {
    const stopping = await client.stopContainer(node, vmid, signal);
    await tasks.finish(stopping, `stop container ${vmid}`, { deadline: 5 * MINUTE, signal });
  }
  const upid = await client.destroyContainer(node, vmid, { force: false }, signal);
  await tasks.finish(upid, `remove container ${vmid}`, { deadline: 5 * MINUTE, signal });
}
