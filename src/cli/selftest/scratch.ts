import { DispatcherError, transient } from "../../domain/errors.ts";
import type { GuestName } from "../../domain/ids.ts";
import { guestNameOf, newNonce } from "../../domain/naming.ts";
import type { RunnerPool } from "../../domain/pool.ts";
import { type Clock, SECOND } from "../../domain/time.ts";
import type { Cloning } from "../../engine/site.ts";
import type { ProxmoxClient } from "../../proxmox/client.ts";
import type { Tools } from "../../runners/tools.ts";
import { placeFor } from "../launch/trial.ts";
import { tryArming } from "./arming.ts";
import { trySnapshot } from "./snapshot.ts";
import { orNull, StepFailed, type Steps } from "./steps.ts";

export interface ScratchTools extends Pick<Tools, "instance" | "site" | "clock" | "chance" | "storeOf"> {
  readonly client: ProxmoxClient;
}

/** A guest that comes up turns itself off: it has no runner, and nothing to wait for. */
const userData = "#cloud-config\npower_state:\n  mode: poweroff\n  message: the self-test is over\n  timeout: 30\n";

/**
 * One guest without a runner, made and removed by the calls of every other. A wish to stop is heard between two steps,
 * so that each change has its end before the removal begins.
 */
export async function tryScratchGuest(
  tools: ScratchTools,
  pool: RunnerPool,
  steps: Steps,
  stop: AbortSignal,
): Promise<void> {
  const whole = new AbortController().signal;
  const step = <T>(name: string, work: () => Promise<T>, textOf: (value: T) => string): Promise<T> =>
    steps.run(
      name,
      async () => {
        if (stop.aborted) throw new DispatcherError("internal", `step ${name}: stopped before it began`);
        return work();
      },
      textOf,
    );

  const node = await step(
    "place",
    () => placeFor(tools, pool, whole),
    (found) => `node ${found}`,
  );
  const nonce = newNonce(tools.chance);
  const name = guestNameOf(pool.guest.prefix, nonce);
  const { instance, clock, site } = tools;
  // The marker of a runner: what a crash leaves of it, a daemon removes as a guest that never started.
  const marker = { instance, kind: "runner", pool: pool.name, nonce, created: clock.now(), phase: "cloning" } as const;
  const cloning = await step(
    "clone accepted",
    () => site.clone({ spec: pool.guest, node, marker }, whole),
    ({ guest }) => `VMID ${guest.vmid} (${name})`,
  );
  cloning.done.catch(() => {});
  const seed = { tried: false };
  try {
    await live(tools, pool, { cloning, name, seed }, step, steps, whole);
  } finally {
    await clear(tools, pool, cloning, seed.tried, steps, whole);
  }
}

async function live(
  tools: ScratchTools,
  pool: RunnerPool,
  { cloning, name, seed }: { readonly cloning: Cloning; readonly name: GuestName; readonly seed: { tried: boolean } },
  step: Steps["run"],
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  const { site } = tools;
  const { guest, node } = cloning;
  await step(
    "clone",
    () => cloning.done,
    () => `${pool.guest.clone.kind} clone`,
  );
  await step(
    "configure",
    () => site.configure(guest, pool.guest, signal),
    () => "hardware and options set",
  );
  await trySnapshot(tools, pool, cloning, { step, skip: (...what) => steps.skip(...what) }, signal);
  const store = tools.storeOf(pool);
  if (store === null) return tryArming(tools, pool, cloning, step, signal);
  const attachment = await step(
    "seed",
    () => {
      seed.tried = true;
      return store.put({ vmid: guest.vmid, node, name, userData }, signal);
    },
    ({ volume }) => volume,
  );
  await step(
    "attach",
    () => site.attach(guest, attachment, signal),
    () => "the seed is in the drive",
  );
  await step(
    "start",
    () => site.start(guest, signal),
    () => "started",
  );
}

/** Whatever happened before, and also after a wish to stop. */
async function clear(
  { site, clock, storeOf }: ScratchTools,
  pool: RunnerPool,
  { guest, node, done }: Cloning,
  seeded: boolean,
  steps: Steps,
  signal: AbortSignal,
): Promise<void> {
  // PVE removes nothing that it is still cloning.
  await done.catch(() => {});
  const store = storeOf(pool);
  const gone = await orNull(
    steps.run(
      "stop and destroy",
      () => patiently(clock, () => site.stopAndDestroy(guest, signal)).then(() => true),
      () => `guest ${guest.vmid} is gone`,
    ),
  );
  // A seed goes after its guest.
  if (store !== null && seeded && gone !== null) {
    await orNull(
      steps.run(
        "remove the seed",
        () => patiently(clock, () => store.remove(guest.vmid, node, signal)),
        () => "removed, or blank where the token may not delete",
      ),
    );
  }
  await steps.run(
    "nothing left",
    async () => {
      const listed = seeded ? store?.list(signal) : [];
      const [free, seeds = []] = await Promise.all([site.isFree(guest.vmid, signal), listed]);
      const left = [
        ...(free === "free" ? [] : [`VMID ${guest.vmid} (${guest.name}), which PVE calls ${free}`]),
        ...(seeds.some((seed) => seed.vmid === guest.vmid && seed.holdsContent) ? [`its seed in ${store?.name}`] : []),
      ];
      if (left.length === 0) return;
      throw new DispatcherError("conflict", `left of guest ${guest.vmid}: ${left.join("; ")}`, {
        remedy: "`dispatcher run` removes it where it may, and `dispatcher doctor` says which privilege it lacks",
      });
    },
    () => `VMID ${guest.vmid} is free${seeded ? ", and no seed of it holds anything" : ""}`,
  );
}

const attempts = 6;

/** A failed step may have left a lock or a task behind that ends by itself. */
async function patiently(clock: Clock, work: () => Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      const mayPass = error instanceof DispatcherError && transient[error.code];
      if (!mayPass || attempt === attempts) throw error;
      await clock.sleep(5 * SECOND);
    }
  }
}

/** The failure of a step was told already. */
export async function untilFailure(work: Promise<void>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof StepFailed)) throw error;
  });
}
