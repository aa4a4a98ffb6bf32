import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { NodeName, Vmid } from "../domain/ids.ts";
import { readBuildMarker } from "../domain/images/build-marker.ts";
import { generationsOf, nextGeneration, promotionTime } from "../domain/images/families.ts";
import { readTemplateMarker, type TemplateMarker, withTemplateMarker } from "../domain/images/template-marker.ts";
import { readMarker } from "../domain/marker.ts";
import { MINUTE } from "../domain/time.ts";
import type { GuestConfig } from "../proxmox/client.ts";
import { type Candidate, type Inside, systemOf } from "./examine.ts";
import { imageFacts } from "./recipe.ts";
import { readShelf } from "./shelf.ts";
import { versionIn } from "./watch.ts";
import type { Workshop } from "./workshop.ts";

/** A guest of the user's, as far as it can be seen. */
export interface Sighted {
  readonly vmid: Vmid;
  readonly node: NodeName;
  readonly candidate: Candidate;
  readonly config: GuestConfig;
  /** As its image facts or its description name it. */
  readonly runnerVersion: string | null;
}

export async function sight(shop: Workshop, vmid: Vmid, signal: AbortSignal): Promise<Sighted> {
  const { client } = shop;
  const found = (await client.resources(signal)).find((guest) => guest.vmid === vmid);
  if (found === undefined) {
    throw new DispatcherError("not_found", `guest ${vmid}: PVE lists none`, {
      remedy: `check the VMID, or grant VM.Audit on /vms/${vmid}`,
    });
  }
  if (found.type !== "qemu")
    throw new DispatcherError("invalid", `guest ${vmid}: a container cannot be a template here`);
  const { node } = found;
  const config = await client.config(node, vmid, signal);
  refuseOurs(shop, vmid, config);
  const { status } = await client.status(node, vmid, signal);
  const running = status === "running";
  const facts = running ? await readText(shop, node, vmid, imageFacts, signal) : null;
  const candidate: Candidate = {
    vmid,
    values: config.values,
    template: config.values.template === "1",
    running,
    snapshots: (await client.snapshots(node, vmid, signal)).map(({ name }) => name),
    inside: running ? await lookInside(shop, node, vmid, facts !== null, signal) : null,
  };
  const named = /\brunner (?:version )?v?(\d+\.\d+\.\d+)\b/i.exec(config.values.description ?? "")?.[1] ?? null;
  return { vmid, node, candidate, config, runnerVersion: versionIn(facts ?? "") ?? named };
}

/** A guest that has a place already: a runner's, a build's, or a generation's. */
function refuseOurs({ signer }: Workshop, vmid: Vmid, { values }: GuestConfig): void {
  const description = values.description ?? "";
  const template = readTemplateMarker(description, vmid, signer);
  if (template.kind === "valid") {
    const { family, generation } = template.marker;
    throw new DispatcherError("already_exists", `guest ${vmid}: it is ${family}, generation ${generation}, already`);
  }
  const taken =
    readMarker(description, vmid, signer).kind === "valid"
      ? "a runner's guest"
      : readBuildMarker(description, vmid, signer) !== null
        ? "a template in the making"
        : null;
  if (taken !== null) throw new DispatcherError("not_ours", `guest ${vmid}: it is ${taken}`);
}

async function lookInside(
  shop: Workshop,
  node: NodeName,
  vmid: Vmid,
  facts: boolean,
  signal: AbortSignal,
): Promise<Inside | null> {
  if ((await shop.client.pingAgent(node, vmid, signal)) === "silent") return null;
  const there = async (file: string): Promise<boolean> => (await readText(shop, node, vmid, file, signal)) !== null;
  return { facts, runOnce: await there("/opt/dispatcher/run-once"), runner: await there("/opt/actions-runner/run.sh") };
}

async function readText(
  { client }: Workshop,
  node: NodeName,
  vmid: Vmid,
  file: string,
  signal: AbortSignal,
): Promise<string | null> {
  try {
    return new TextDecoder().decode((await client.readGuestFile(node, vmid, file, signal)).bytes);
  } catch (error) {
    if (hasCode(error, "unavailable", "invalid", "forbidden", "timeout", "conflict")) return null;
    throw error;
  }
}

export interface Adoption {
  readonly family: string;
  readonly runnerVersion: string | null;
  readonly promote: boolean;
}

/** Makes a template of it where it is none, and writes the marker: nothing else of it is changed. */
export async function adopt(
  shop: Workshop,
  { vmid, node, candidate, config }: Sighted,
  { family, runnerVersion, promote }: Adoption,
  signal: AbortSignal,
): Promise<TemplateMarker> {
  const { client, tasks, clock, signer } = shop;
  const what = `adopt guest ${vmid}`;
  const before = await client.config(node, vmid, signal);
  if (before.digest !== config.digest) {
    throw new DispatcherError("conflict", `${what}: somebody has changed it meanwhile`, { remedy: "adopt it again" });
  }
  if (!candidate.template) {
    const upid = await client.makeTemplate(node, vmid, signal);
    await tasks.finish(upid, what, { deadline: 10 * MINUTE, signal });
  }
  const fresh = await client.config(node, vmid, signal);
  const { templates } = await readShelf(shop, signal);
  const here = generationsOf(templates, family, node);
  const marker: TemplateMarker = {
    instance: shop.instance,
    family,
    generation: nextGeneration(templates, family),
    built: clock.now(),
    source: { kind: "adopted", name: `${vmid} (${config.values.name ?? "without a name"})` },
    runnerVersion,
    system: systemOf(config.values),
    promoted: here.length === 0 || promote ? promotionTime(here, clock.now()) : null,
  };
  const description = withTemplateMarker(fresh.values.description ?? "", marker, vmid, signer);
  await client.putConfig(node, vmid, { set: { description }, digest: fresh.digest }, signal);
  return marker;
}
