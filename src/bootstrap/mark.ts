import type { NodeName, Vmid } from "../domain/ids.ts";
import type { Signer } from "../domain/signed-line.ts";
import { type ContainerMarker, withContainerMarker } from "./marker.ts";
import type { Tools } from "./tools.ts";

/** Upon a fresh read, so that nothing of somebody else's is overwritten. */
export async function setMarker(
  { client }: Pick<Tools, "client">,
  where: { readonly node: NodeName; readonly vmid: Vmid; readonly signer: Signer },
  marker: ContainerMarker,
  signal: AbortSignal,
): Promise<void> {
  const { node, vmid, signer } = where;
  const { values, digest } = await client.containerConfig(node, vmid, signal);
  const description = withContainerMarker(values.description ?? "", marker, vmid, signer);
  await client.putContainerConfig(node, vmid, { set: { description }, digest }, signal);
}
