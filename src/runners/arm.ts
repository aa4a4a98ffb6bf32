import { DispatcherError, hasCode } from "../domain/errors.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Action } from "../domain/runners/actions.ts";
import { guestFiles } from "../domain/runners/guest-files.ts";
import type { Readiness } from "../domain/runners/memory.ts";
import { Secret } from "../domain/secret.ts";
import { withdraw } from "./launch.ts";
import { askReadiness } from "./look.ts";
import type { Tools } from "./tools.ts";

/** What the decider wants to know of it. */
export interface ArmListener {
  heard(readiness: Readiness): void;
  /** From now on its runner comes, or the guest goes. */
  armed(): void;
}

/**
 * The secret into a guest that waits for it. It is minted when nothing but the writing is left to do. Once its phase says
 * `armed` a guest never gets another one, whatever came of the writing.
 */
export async function arm(
  tools: Tools,
  { guest, os, record, job }: Action<"arm">,
  pool: RunnerPool,
  listener: ArmListener,
  signal: AbortSignal,
): Promise<void> {
  const { site, forge } = tools;
  const readiness = await askReadiness(tools, guest, os, signal);
  listener.heard(readiness);
  if (readiness !== "waiting") return;
  // Another runner may have taken it, or somebody cancelled it, since the list was read.
  if (job !== null && !(await forge.stillQueued(job.repository, job.id, signal))) return;
  if (record !== null) {
    // GitHub gives a name once: what was minted for it before an earlier process ended goes first.
    const answer = await forge.deregister(record.scope, { id: record.id, name: guest.name }, signal);
    if (answer === "busy") throw new DispatcherError("conflict", `arm ${guest.name}: a runner of its name works`);
  }

  const credential = await forge.mint(pool, guest.name, signal);
  const { credential: file, ready } = guestFiles[os];
  let mayRun = false;
  try {
    await site.advance(guest, { from: "started", to: "armed" }, signal);
    listener.armed();
    await site.writeFile(guest, file, tools.credentialFile(pool, guest.name, credential), signal);
    mayRun = true;
    await site.writeFile(guest, ready, new Secret(""), signal);
  } catch (error) {
    // Only a lost answer to the second file leaves open whether its runner is on its way.
    if (!mayRun || !hasCode(error, "lost_answer", "timeout"))
      await withdraw(tools, pool, guest.name, credential, signal);
    throw error;
  }
}
