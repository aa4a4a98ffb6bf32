import { DispatcherError, hasCode } from "../domain/errors.ts";
import { MINUTE, SECOND } from "../domain/time.ts";
import { prove, tasksOf } from "./site-of-build.ts";
import { dropImage, dropSeed, ended, type Work } from "./steps.ts";

const attempts = 8;

/** Removes all that a build has made: its files first, then the guest, which is what they are found by. */
export async function clear(work: Work, signal: AbortSignal): Promise<void> {
  const { shop, site } = work;
  for (let attempt = 1; ; attempt++) {
    try {
      await clearOnce(work, signal);
      return;
    } catch (error) {
      if (!hasCode(error, "lost_answer", "conflict", "locked", "unavailable", "timeout") || attempt >= attempts) {
        throw new DispatcherError("task_failed", `remove what guest ${site.vmid} was for: ${wordsOf(error)}`, {
          cause: error,
          remedy: `the next \`dispatcher template build ${work.order.family}\` removes it`,
        });
      }
      await shop.clock.sleep(5 * SECOND, signal);
    }
  }
}

async function clearOnce(work: Work, signal: AbortSignal): Promise<void> {
  const { shop, site, order } = work;
  const { client, tasks, clock } = shop;
  // A call that was cut off may just be beginning.
  await clock.sleep(2 * SECOND, signal);
  // What still runs would lay down files after they are removed.
  for (const task of await tasksOf(shop, site, signal)) {
    if (interruptible.includes(task.type)) await client.abortTask(task.upid, signal);
    await tasks.outcome(task.upid, { deadline: 5 * MINUTE, signal });
  }
  const stands = !(await isGone(work, signal));
  if (stands) {
    await prove(shop, site, signal);
    const { status } = await client.status(site.node, site.vmid, signal);
    if (status !== "stopped")
      await ended(shop, site, await client.stop(site.node, site.vmid, signal), "stop it", signal);
  }
  const { imports, seeds } = order.storages;
  const files = await Promise.all([
    client.volumes(site.node, imports, "import", signal),
    client.volumes(site.node, seeds, "iso", signal),
  ]);
  const there = new Set(files.flat().map(({ volid }) => volid));
  if (there.has(site.image)) await dropImage(work, signal);
  if (there.has(site.seed)) await dropSeed(work, signal);
  if (!stands) return;
  await prove(shop, site, signal);
  await ended(shop, site, await client.destroy(site.node, site.vmid, signal), "remove the guest", signal);
  if (!(await isGone(work, signal))) throw new DispatcherError("conflict", `guest ${site.vmid}: it is still there`);
}

/** Only `nextid` sees guests that are hidden from the token. */
const isGone = async ({ shop, site }: Work, signal: AbortSignal): Promise<boolean> =>
  (await shop.client.nextId(site.vmid, signal)) === "free";

const interruptible: readonly string[] = ["download", "qmconfig"];

const wordsOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
