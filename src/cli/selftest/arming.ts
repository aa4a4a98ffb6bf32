import { DispatcherError, hasCode } from "../../domain/errors.ts";
import type { RunnerPool } from "../../domain/pool.ts";
import { guestFiles } from "../../domain/runners/guest-files.ts";
import { Secret } from "../../domain/secret.ts";
import { SECOND, spell } from "../../domain/time.ts";
import type { Cloning } from "../../engine/site.ts";
import { osOf } from "../../proxmox/drives.ts";
import type { ScratchTools } from "./scratch.ts";
import type { Steps } from "./steps.ts";

const betweenQuestions = 5 * SECOND;

/** A guest that is started without a secret, waits for one, and gets a file without any: nothing starts in it. */
export async function tryArming(
  { site, client, clock }: ScratchTools,
  pool: RunnerPool,
  { guest, node }: Cloning,
  step: Steps["run"],
  signal: AbortSignal,
): Promise<void> {
  await step(
    "start",
    async () => {
      await site.advance(guest, { from: "cloned", to: "started" }, signal);
      await site.start(guest, signal);
    },
    () => "started",
  );
  const since = clock.now();
  const files = guestFiles[osOf((await client.config(node, guest.vmid, signal)).values)];
  /** Null: it waits; otherwise why it is not known to. */
  const ask = async (): Promise<string | null> => {
    try {
      await client.readGuestFile(node, guest.vmid, files.waiting, signal);
      return null;
    } catch (error) {
      if (!hasCode(error, "unavailable", "invalid", "timeout")) throw error;
      return error.message;
    }
  };
  await step(
    "wait for the guest",
    async () => {
      for (let why = await ask(); why !== null; why = await ask()) {
        const passed = clock.now() - since;
        if (passed >= pool.bootDeadline) {
          throw new DispatcherError("timeout", `guest ${guest.vmid}: not waiting after ${spell(passed)}: ${why}`, {
            remedy: "see that its template has a guest agent that is switched on, and all of templates/image",
          });
        }
        await clock.sleep(betweenQuestions, signal);
      }
    },
    () => `it waits for its secret ${spell(clock.now() - since)} after its start`,
  );
  await step(
    "write a file",
    async () => {
      await site.advance(guest, { from: "started", to: "armed" }, signal);
      await site.writeFile(guest, files.credential, new Secret("kind=none\n"), signal);
    },
    () => `${files.credential}, which starts nothing`,
  );
}
