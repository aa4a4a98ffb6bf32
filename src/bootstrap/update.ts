import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import { enterByConsole } from "./enter.ts";
import type { FoundContainer } from "./find.ts";
import { withoutHa } from "./ha.ts";
import { setMarker } from "./mark.ts";
import type { ContainerMarker } from "./marker.ts";
import { provision } from "./provision.ts";
import type { InsideFile } from "./shell.ts";
import type { Tools } from "./tools.ts";

/**
 * Puts something newer into a container that serves. Its root has no password any more: PVE opens a shell on its console
 * for the time being. Cut short, it is taken up again, as the marker says that it is on its way.
 */
export async function updateContainer(
  tools: Tools,
  wish: BootstrapWish,
  found: FoundContainer,
  change: {
    readonly files: readonly InsideFile[];
    readonly signer: Signer;
    readonly sums: Pick<ContainerMarker, "package" | "settings">;
  },
  signal: AbortSignal,
): Promise<void> {
  const { node, vmid, marker } = found;
  const where = { node, vmid, signer: change.signer };
  await setMarker(tools, where, { ...marker, phase: "updating" }, signal);
  const install = (): Promise<void> => throughShell(tools, wish, found, change.files, signal);
  await withoutHa(tools, vmid, install, signal);
  await setMarker(tools, where, { ...marker, ...change.sums, phase: "ready" }, signal);
  tools.tell(`updated     container ${vmid}`);
}

async function throughShell(
  tools: Tools,
  wish: BootstrapWish,
  found: FoundContainer,
  files: readonly InsideFile[],
  signal: AbortSignal,
): Promise<void> {
  const { client } = tools;
  const { node, vmid } = found;
  // A running container's console keeps its kind.
  await stop(tools, found, signal);
  await client.putContainerConfig(node, vmid, { set: { cmode: "shell" }, digest: null }, signal);
  await start(tools, found, signal);
  try {
    const shell = await enterByConsole(tools, found, null, signal);
    try {
      await provision(tools, shell, wish, files, signal);
    } finally {
      await shell.close();
    }
  } finally {
    const anyway = AbortSignal.timeout(5 * MINUTE);
    await stop(tools, found, anyway);
    await client.putContainerConfig(node, vmid, { set: {}, delete: ["cmode"], digest: null }, anyway);
    await start(tools, found, anyway);
  }
}

export async function start(
  { client, tasks }: Tools,
  { node, vmid }: FoundContainer,
  signal: AbortSignal,
): Promise<void> {
  const upid = await client.startContainer(node, vmid, signal);
  await tasks.finish(upid, `start container ${vmid}`, { deadline: 5 * MINUTE, signal });
}

async function stop({ client, tasks }: Tools, { node, vmid }: FoundContainer, signal: AbortSignal): Promise<void> {
  const { status } = await client.containerStatus(node, vmid, signal);
  if (status !== "running") return;
  const upid = await client.stopContainer(node, vmid, signal);
  await tasks.finish(upid, `stop container ${vmid}`, { deadline: 5 * MINUTE, signal });
}
