import type { GuestName } from "../domain/ids.ts";
import type { Marker } from "../domain/marker.ts";
import { nonceIn } from "../domain/naming.ts";
import { type RunnerPool, scopeKeyOf } from "../domain/pool.ts";
import type { Action } from "../domain/runners/actions.ts";
import type { Credential } from "../engine/forge.ts";
import type { Cloning, SeedStore } from "../engine/site.ts";
import type { Tools } from "./tools.ts";

/**
 * From a waiting job to a guest that starts. There is no undoing here: whatever is left of a failed launch is a guest of
 * phase `cloning` or `cloned`, a record or a seed, and the next pass removes each by the same rules as after a crash.
 */
export async function launch(
  tools: Tools,
  { job, node }: Action<"launch">,
  pool: RunnerPool,
  name: GuestName,
  signal: AbortSignal,
): Promise<void> {
  const { site, forge } = tools;
  // Another runner may have taken it, or somebody cancelled it, since the list was read.
  if (job !== null && !(await forge.stillQueued(job.repository, job.id, signal).catch(blameGitHub))) return;

  const cloning = await site.clone({ spec: pool.guest, node, marker: markerFor(tools, pool, name) }, signal);
  const cloned = cloning.done.then(() => site.configure(cloning.guest, pool.guest, signal));
  // Both ends of the launch run at once; the first to fail must not leave the other's rejection unheard.
  cloned.catch(() => {});
  const store = tools.storeOf(pool);
  if (store === null) return startUnarmed(tools, cloning, cloned, signal);
  try {
    // A full clone takes long enough for a secret to age: it is minted last.
    if (pool.guest.clone.kind === "full") await cloned;
    await seedAndStart(tools, pool, { cloning, cloned, name, store }, signal);
  } catch (error) {
    // What outlives its operation would also outlive the daemon's end, and wait there on closed connections.
    await cloned.catch(() => {});
    throw error;
  }
}

const githubFaults = new WeakSet<Error>();

/** Did GitHub fail this launch? Then neither the template nor the node did. */
export const isGitHubFault = (error: unknown): boolean => error instanceof Error && githubFaults.has(error);

function blameGitHub(error: unknown): never {
  if (error instanceof Error) githubFaults.add(error);
  throw error;
}

/** Its secret comes later, through its agent: until then no job can be in it. */
async function startUnarmed(
  { site }: Tools,
  { guest }: Cloning,
  cloned: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  await cloned;
  await site.advance(guest, { from: "cloned", to: "started" }, signal);
  await site.start(guest, signal);
}

interface Seeding {
  readonly cloning: Cloning;
  readonly cloned: Promise<void>;
  readonly name: GuestName;
  readonly store: SeedStore;
}

async function seedAndStart(
  tools: Tools,
  pool: RunnerPool,
  { cloning, cloned, name, store }: Seeding,
  signal: AbortSignal,
): Promise<void> {
  const { site, forge } = tools;
  const credential = await forge.mint(pool, name, signal).catch(blameGitHub);
  try {
    const { guest, node } = cloning;
    const userData = tools.render(pool, name, credential);
    const seed = await store.put({ vmid: guest.vmid, node, name, userData }, signal);
    await cloned;
    await site.attach(cloning.guest, seed, signal);
  } catch (error) {
    await withdraw(tools, pool, name, credential, signal);
    throw error;
  }
  // A start that fails may have started it all the same: then it serves, else it goes as a guest that is powered off.
  await site.start(cloning.guest, signal);
}

/** A record without a guest waits a quarter of an hour for its removal: spare GitHub that where we can. */
export async function withdraw(
  { forge }: Tools,
  pool: RunnerPool,
  name: GuestName,
  credential: Credential,
  signal: AbortSignal,
): Promise<void> {
  if (credential.kind !== "jit") return;
  await forge.deregister(scopeKeyOf(pool.scope), { id: credential.runnerId, name }, signal).catch(() => {});
}

const markerFor = (tools: Tools, pool: RunnerPool, name: GuestName): Marker => ({
  instance: tools.instance,
  kind: "runner",
  pool: pool.name,
  nonce: nonceIn(name, pool.guest.prefix) ?? "",
  created: tools.clock.now(),
  phase: "cloning",
});
