import { DispatcherError } from "../../domain/errors.ts";
import type { NodeName } from "../../domain/ids.ts";
import { guestNameOf, newNonce } from "../../domain/naming.ts";
import type { GuestOs, RunnerView } from "../../domain/observation.ts";
import { place } from "../../domain/placement.ts";
import { type GuestRef, type RunnerPool, scopeKeyOf } from "../../domain/pool.ts";
import { afterWithdrawal } from "../../domain/runners/patience.ts";
import { type Ms, SECOND, spell } from "../../domain/time.ts";
import { type ArmListener, arm } from "../../runners/arm.ts";
import { launch } from "../../runners/launch.ts";
import { stop } from "../../runners/stop.ts";
import type { Tools } from "../../runners/tools.ts";

export interface Trial {
  readonly guest: GuestRef;
  readonly node: NodeName;
  readonly os: GuestOs;
  /** It was never given its secret. */
  readonly unarmed: boolean;
  readonly startedMs: Ms;
  /** Null: not within the boot deadline. */
  readonly agentMs: Ms | null;
  readonly onlineMs: Ms | null;
}

export type Tell = (step: string, text: string) => void;

/** One guest without a job, by the same steps as every other, watched until its runner is online or should be. */
export async function tryTemplate(tools: Tools, pool: RunnerPool, tell: Tell, signal: AbortSignal): Promise<Trial> {
  const { site, clock, chance } = tools;
  const began = clock.now();
  const node = await placeFor(tools, pool, signal);
  const name = guestNameOf(pool.guest.prefix, newNonce(chance));
  const made: GuestRef[] = [];
  const store = tools.storeOf(pool);
  const watched: Tools = {
    ...tools,
    site: {
      ...site,
      async clone(order, cut) {
        const cloning = await site.clone(order, cut);
        made.push(cloning.guest);
        tell("accepted", `PVE clones to VMID ${cloning.guest.vmid} (${name}) on ${node}`);
        return cloning;
      },
      async configure(which, spec, cut) {
        tell("cloned", "cloned");
        await site.configure(which, spec, cut);
      },
      async start(which, cut) {
        tell("prepared", store === null ? "configured" : "configured, and its seed is in the drive");
        await site.start(which, cut);
      },
    },
  };
  const why = "asked for by hand";
  await launch(watched, { kind: "launch", pool: pool.name, node, job: null, why }, pool, name, signal);
  const [guest] = made;
  if (guest === undefined) throw new DispatcherError("internal", `launch ${name}: it ended without a guest`);
  tell("started", `started after ${spell(clock.now() - began)}`);
  const os = await osOf(tools, guest, signal);
  return watch(tools, pool, { guest, node, os, startedMs: clock.now() - began }, tell, signal);
}

async function osOf({ site }: Pick<Tools, "site">, { vmid, name }: GuestRef, signal: AbortSignal): Promise<GuestOs> {
  const { guests } = await site.observe(signal, { seeds: false });
  const seen = guests.find((guest) => guest.vmid === vmid);
  if (seen === undefined) throw new DispatcherError("not_found", `launch ${name}: PVE does not show it`);
  return seen.os;
}

export async function placeFor(
  { site }: Pick<Tools, "site">,
  pool: RunnerPool,
  signal: AbortSignal,
): Promise<NodeName> {
  const { nodes, blocks, guests } = await site.observe(signal, { seeds: false });
  const counts = new Map<NodeName, number>();
  for (const guest of guests) counts.set(guest.node, (counts.get(guest.node) ?? 0) + 1);
  const spot = place(pool.guest, nodes, blocks, counts);
  if (spot.kind === "node") return spot.node;
  throw new DispatcherError(
    "no_capacity",
    `launch for pool ${pool.name}: no node can take a guest: ${spot.reasons.join("; ")}`,
  );
}

/** Until its runner is online, or its boot deadline has passed. */
async function watch(
  tools: Tools,
  pool: RunnerPool,
  begun: Pick<Trial, "guest" | "node" | "os" | "startedMs">,
  tell: Tell,
  signal: AbortSignal,
): Promise<Trial> {
  const { site, clock } = tools;
  const since = clock.now();
  let agentMs: Ms | null = null;
  let unarmed = tools.storeOf(pool) === null;
  for (;;) {
    const passed = clock.now() - since;
    if (unarmed && (await armTrial(tools, pool, begun, signal))) {
      unarmed = false;
      tell("armed", `it waited for its secret ${spell(passed)} after the start, and has been given it`);
    }
    if (agentMs === null && (await site.agent(begun.guest, signal)) === "answers") {
      agentMs = passed;
      tell("agent", `its guest agent answers ${spell(passed)} after the start`);
    }
    if ((await recordOf(tools, pool, begun.guest, signal))?.online) {
      tell("online", `its runner is online ${spell(passed)} after the start`);
      return { ...begun, unarmed, agentMs, onlineMs: passed };
    }
    if (passed >= pool.bootDeadline) {
      tell("late", `no runner came online within ${spell(pool.bootDeadline)}; ${reasonFor(agentMs, unarmed)}`);
      return { ...begun, unarmed, agentMs, onlineMs: null };
    }
    await clock.sleep(2 * SECOND, signal);
  }
}

/** False while it does not wait for its secret. */
async function armTrial(
  tools: Tools,
  pool: RunnerPool,
  { guest, node, os }: Pick<Trial, "guest" | "node" | "os">,
  signal: AbortSignal,
): Promise<boolean> {
  let given = false;
  const listener: ArmListener = {
    heard() {},
    armed() {
      given = true;
    },
  };
  const why = "asked for by hand";
  await arm(
    tools,
    { kind: "arm", pool: pool.name, why, guest, node, os, record: null, job: null },
    pool,
    listener,
    signal,
  );
  return given;
}

function reasonFor(agentMs: Ms | null, unarmed: boolean): string {
  if (agentMs === null) {
    return "its guest agent is silent, too: look at its console for whether it boots (boot order, cloud-init drive, agent in the template)";
  }
  return unarmed
    ? "its guest agent answers, but its image does not wait for a secret: there is no file `waiting` in its /run/dispatcher (templates/image has what an image needs)"
    : "it boots: look at /var/log/cloud-init-output.log in it, and whether it reaches GitHub";
}

async function recordOf(
  { forge }: Tools,
  pool: RunnerPool,
  { name }: GuestRef,
  signal: AbortSignal,
): Promise<RunnerView | null> {
  const { lists } = await forge.observe(signal);
  return lists.find((list) => list.scope === scopeKeyOf(pool.scope))?.runners.find((r) => r.name === name) ?? null;
}

/** False when it works on a job by now: then it is not ours to remove. */
export async function removeTrial(
  tools: Tools,
  pool: RunnerPool,
  { guest, node, os, unarmed }: Pick<Trial, "guest" | "node" | "os" | "unarmed">,
  tell: Tell,
  signal: AbortSignal,
): Promise<boolean> {
  const record = await recordOf(tools, pool, guest, signal);
  if (record !== null) {
    const answer = await tools.forge.deregister(scopeKeyOf(pool.scope), { id: record.id, name: guest.name }, signal);
    if (answer === "busy") {
      tell("kept", "its runner has taken a job: the guest stays until that is done");
      return false;
    }
    if (record.online) {
      tell(
        "withdrawn",
        `its runner is withdrawn; for ${spell(afterWithdrawal)} a job that it had just taken would show`,
      );
      await tools.clock.sleep(afterWithdrawal, signal);
    }
  }
  const why = "asked for by hand";
  const evidence = unarmed ? "unarmed" : "withdrawn";
  await stop(tools, { kind: "stop", pool: pool.name, guest, node, os, evidence, why }, pool, signal);
  tell("removed", tools.storeOf(pool) === null ? "removed" : "removed, and its seed");
  return true;
}
