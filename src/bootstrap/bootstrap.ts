import { createHash } from "node:crypto";
import { Secret } from "../domain/secret.ts";
import type { Signer } from "../domain/signed-line.ts";
import { MINUTE } from "../domain/time.ts";
import { findPieces } from "../proxmox/setup/access.ts";
import { grantAccess, secretOf } from "./access.ts";
import type { BootstrapWish } from "./bootstrap-wish.ts";
import { awaitCreation, findContainer, freeVmid } from "./find.ts";
import { type HaWish, haNameOf, joinHa, missingHa } from "./ha.ts";
import { destroyContainer, makeContainer } from "./make.ts";
import type { ContainerMarker } from "./marker.ts";
import { accessPlan, type ContainerPlan, changes, type Plan, spellPlan, vmidOf } from "./plan.ts";
import { readRecord } from "./record.ts";
import type { InsideFile } from "./shell.ts";
import { findTemplate, type TemplateSource } from "./template.ts";
import type { Tools } from "./tools.ts";
import { Undo } from "./undo.ts";
import { start, updateContainer } from "./update.ts";

export type Outcome = "done" | "nothing to do" | "declined";

/** Looks, says what it will do, asks once, and does it; what it began and could not finish, it takes back. */
export async function bootstrap(
  tools: Tools,
  wish: BootstrapWish,
  confirm: () => Promise<boolean>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { tell } = tools;
  const { plan, known } = await planned(tools, wish, signal);
  for (const line of spellPlan(plan, wish)) tell(line);
  if (!changes(plan)) return "nothing to do";
  if (!(await confirm())) return "declined";
  const undo = new Undo();
  try {
    const secret = await grantAccess(tools, wish, plan, known, undo, signal);
    await settle(tools, wish, plan.container, secret, undo, signal);
    if (wish.ha) {
      const minded = { vmid: vmidOf(plan.container), signer: wish.signer(secret) };
      await joinHa(tools, await missingHa(tools, wish, minded, signal), signal);
    }
    return "done";
  } catch (error) {
    tell("failed; taking back what was begun");
    await undo.all(tell, AbortSignal.timeout(10 * MINUTE));
    throw error;
  }
}

async function planned(
  tools: Tools,
  wish: BootstrapWish,
  signal: AbortSignal,
): Promise<{ plan: Plan; known: Secret | null }> {
  const { http, client } = tools;
  const record = readRecord(tools.record);
  await awaitCreation(tools, wish.node, record, signal);
  const access = accessPlan(wish.access, wish.access === null ? null : await findPieces(http, signal));
  const token = access.find(({ piece }) => piece.kind === "token")?.state.kind;
  const recorded = token === "missing" ? null : secretOf(record.tokenSecret);
  const known = wish.tokenSecret ?? recorded;
  const found = await findContainer(tools, wish.instance, known === null ? null : wish.signer(known), signal);
  const template = (): Promise<TemplateSource> =>
    templateFor(wish, () => findTemplate({ client }, wish.node, wish.container, signal));
  const container = async (): Promise<ContainerPlan> => {
    if (found === null) {
      return {
        kind: "make",
        vmid: await freeVmid(tools, wish.container, wish.ranges, signal),
        template: await template(),
      };
    }
    const { marker } = found;
    if (marker.phase === "making") return { kind: "remake", found, template: await template() };
    const sums = known === null ? null : sumsOf(wish, known, wish.signer(known));
    const why = [
      ...(marker.package === sums?.package ? [] : ["another package"]),
      ...(marker.settings === sums?.settings ? [] : ["another configuration"]),
      ...(marker.phase === "updating" ? ["an update was cut short"] : []),
    ];
    if (why.length > 0) return { kind: "update", found, why: why.join(", ") };
    return found.running ? { kind: "right", found } : { kind: "start", found };
  };
  const made = await container();
  const ha = wish.ha ? await haPlan(tools, wish, made, known, signal) : [];
  const renewsToken = token === "right" && known === null;
  return { plan: { access, renewsToken, ha, container: made }, known };
}

async function haPlan(
  tools: Tools,
  wish: BootstrapWish,
  plan: ContainerPlan,
  known: Secret | null,
  signal: AbortSignal,
): Promise<readonly HaWish[]> {
  const vmid = vmidOf(plan);
  const missing: readonly HaWish[] =
    plan.kind === "make" || known === null
      ? [{ sid: haNameOf(vmid), state: "started" }]
      : await missingHa(tools, wish, { vmid, signer: wish.signer(known) }, signal);
  if (missing.length > 0 && !(await isShared(tools, wish, signal))) {
    tools.tell(`HA: ${wish.container.storage} is not shared; unless PVE replicates it, nobody can start it elsewhere`);
  }
  return missing;
}

async function isShared({ client }: Tools, { node, container }: BootstrapWish, signal: AbortSignal): Promise<boolean> {
  return (await client.storages(node, signal)).some(({ name, shared }) => name === container.storage && shared);
}

async function templateFor(wish: BootstrapWish, find: () => Promise<TemplateSource>): Promise<TemplateSource> {
  if (wish.way.kind !== "rootfs") return find();
  const { name, bytes } = wish.way.archive;
  return { kind: "file", volume: `${wish.container.templates}:vztmpl/${name}`, name, bytes };
}

async function settle(
  tools: Tools,
  wish: BootstrapWish,
  plan: ContainerPlan,
  secret: Secret,
  undo: Undo,
  signal: AbortSignal,
): Promise<void> {
  const signer = wish.signer(secret);
  const files = wish.files(secret);
  const common = { signer, files, sums: sumsOf(wish, secret, signer) };
  switch (plan.kind) {
    case "remake":
      await destroyContainer(tools, plan.found, signal);
      tools.tell(`removed     container ${plan.found.vmid}`);
      return makeContainer(tools, wish, { ...common, vmid: plan.found.vmid, template: plan.template }, undo, signal);
    case "make":
      return makeContainer(tools, wish, { ...common, vmid: plan.vmid, template: plan.template }, undo, signal);
    case "update":
      return updateContainer(tools, wish, plan.found, common, signal);
    case "start":
      return start(tools, plan.found, signal);
    case "right":
      return;
  }
}

function sumsOf(wish: BootstrapWish, secret: Secret, signer: Signer): Pick<ContainerMarker, "package" | "settings"> {
  const lines = wish.files(secret).map(({ path, mode, content }: InsideFile) => {
    const bytes = content instanceof Secret ? content.reveal() : content;
    return `${path} ${mode} ${createHash("sha256").update(bytes).digest("hex")}`;
  });
  const archive = wish.way.kind === "rootfs" ? wish.way.archive.sha256 : wish.package.sha256;
  return { package: archive, settings: signer.sign(lines.join("\n")) };
}
