import { DispatcherError } from "../domain/errors.ts";
import type { GuestRef, GuestSpec } from "../domain/pool.ts";
import { MINUTE } from "../domain/time.ts";
import type { AgentAnswer, SeedAttachment, Site } from "../engine/site.ts";
import { advance } from "./advance.ts";
import { clone } from "./clone.ts";
import { SiteContext, type SiteOptions } from "./context.ts";
import { destroy, stopAndDestroy } from "./destroy.ts";
import { bootDisk, cloudInitSlot, seedSlot, slotHolding } from "./drives.ts";
import { Observer } from "./observe.ts";
import { change, prove } from "./prove.ts";
import { fileReader } from "./read-file.ts";
import { start } from "./start.ts";
import { Templates } from "./templates.ts";
import { writeFile } from "./write-file.ts";

const resizeDeadline = 5 * MINUTE;

/** PVE as a site: every verb reads afresh and proves before it changes. */
export function createSite(options: SiteOptions): Site {
  const context = new SiteContext(options);
  const templates = new Templates(options.client, options.ownership.signer, options.clock);
  const observer = new Observer(context, templates);
  const { client, ownership, limits } = options;

  const changed = async (guest: GuestRef, work: Promise<void>): Promise<void> => {
    try {
      await work;
    } finally {
      observer.forget(guest.vmid);
    }
  };

  return {
    observe: (signal, look = { seeds: true }) => observer.observe(signal, look),
    clone: (order, signal) => clone(context, templates, order, signal),
    configure: (guest, spec, signal) => changed(guest, configure(context, guest, spec, signal)),
    attach: (guest, seed, signal) => changed(guest, attach(context, guest, seed, signal)),

    advance: (guest, phase, signal) => changed(guest, advance(context, guest, phase, signal)),
    start: (guest, signal) => start(context, guest, signal),

    eject: (guest, signal) =>
      changed(
        guest,
        change(
          context,
          guest,
          ({ config, marker }) => {
            const slot = seedSlot(config.values, ownership.instance, guest.vmid);
            return slot === null ? null : { set: { [slot]: "none,media=cdrom" }, phase: marker.phase };
          },
          signal,
        ),
      ),

    destroy: (guest, signal) => changed(guest, destroy(context, guest, signal)),
    stopAndDestroy: (guest, signal, phase) => changed(guest, stopAndDestroy(context, guest, signal, phase)),

    async agent(guest, signal): Promise<AgentAnswer> {
      try {
        const node = await context.nodeOf(guest.vmid, signal);
        return await limits.onAgent(node, async () => {
          // Somebody else's guest may have the VMID by now.
          const { values } = await client.config(node, guest.vmid, signal);
          return values.name === guest.name ? await client.pingAgent(node, guest.vmid, signal) : "unknown";
        });
      } catch (error) {
        if (error instanceof DispatcherError) return "unknown";
        throw error;
      }
    },

    ...fileReader(context),
    writeFile: (guest, path, content, signal) => writeFile(context, guest, path, content, signal),

    isFree: (vmid, signal) => context.isFree(vmid, signal),
  };
}

/** A clone inherits its template's options: protection and start at boot are not for a throw-away guest. */
async function configure(context: SiteContext, guest: GuestRef, spec: GuestSpec, signal: AbortSignal): Promise<void> {
  const { cores, memoryMiB, network, diskGiB } = spec.hardware;
  await change(
    context,
    guest,
    () => ({
      set: {
        protection: 0,
        onboot: 0,
        ...(cores === null ? {} : { cores }),
        ...(memoryMiB === null ? {} : { memory: memoryMiB }),
        ...(network === null ? {} : { net0: network }),
      },
      phase: "cloned",
    }),
    signal,
  );
  if (diskGiB !== null) await grow(context, guest, diskGiB, signal);
}

async function grow(context: SiteContext, guest: GuestRef, diskGiB: number, signal: AbortSignal): Promise<void> {
  const { client, tasks, limits, journal } = context.options;
  const { node, config } = await prove(context, guest, signal);
  const disk = bootDisk(config.values);
  if (disk === null) throw new DispatcherError("invalid", `grow the disk of ${guest.vmid}: it has no boot disk`);
  if (disk.sizeGiB !== null && disk.sizeGiB >= diskGiB) return;
  const work = async (): Promise<void> => {
    const upid = await client.resize(node, guest.vmid, disk.slot, `${diskGiB}G`, signal);
    await tasks.finish(upid, `grow ${disk.slot} of ${guest.vmid}`, { deadline: resizeDeadline, signal });
  };
  await limits.onNode(node, () => journal.guest("grow", guest, work));
}

/** Never beside the cloud-init drive: of two the higher device wins silently. */
const attach = (context: SiteContext, guest: GuestRef, seed: SeedAttachment, signal: AbortSignal): Promise<void> =>
  change(
    context,
    guest,
    ({ config }) => {
      const slot = slotHolding(config.values, seed.volume) ?? cloudInitSlot(config.values);
      if (slot === null) throw new DispatcherError("invalid", `attach a seed to ${guest.vmid}: no cloud-init drive`);
      const set: Record<string, string> =
        seed.kind === "cdrom" ? { [slot]: `${seed.volume},media=cdrom` } : { cicustom: `user=${seed.volume}` };
      return { set, phase: "armed" };
    },
    signal,
  );
