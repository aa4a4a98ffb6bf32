import { diskSlots, drivesOf, isDisk, spellDrive } from "./drives.ts";
import { maybe, oneOf } from "./formats.ts";
import { type Guest, isRunning, isTemplate } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { failed, lockTimeout } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { needGuest, type PveState } from "./state.ts";

export const templateCalls: readonly Route[] = [
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/template",
    call: "template",
    parameters: { disk: maybe(oneOf(...diskSlots)) },
    needs: onGuest("VM.Allocate"),
    answer: template,
  },
];

function template({ state, token, node, vmid }: Call): Answer {
  refuse(needGuest(state, node, vmid));
  const order = { node, type: "qmtemplate", id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    const release = await state.locks.exclusive(vmid);
    if (release === null) throw lockTimeout(vmid);
    try {
      const guest = needGuest(state, node, vmid);
      refuse(guest);
      await job.pass(state.spec.durations.configure);
      for (const [slot, drive] of drivesOf(guest.config)) {
        if (!isDisk(drive)) continue;
        const base = drive.volume.replace(`/vm-${vmid}-`, `/base-${vmid}-`);
        rename(state, drive.volume, base);
        guest.config.set(slot, spellDrive({ ...drive, volume: base }));
      }
      guest.config.set("template", 1);
    } finally {
      release();
    }
  });
  return { data: task.upid };
}

function refuse(guest: Guest): void {
  if (guest.snapshots.size > 0) throw failed("unable to create template, because VM contains snapshots");
  if (isTemplate(guest)) throw failed("you can't convert a template to a template");
  if (isRunning(guest)) throw failed("you can't convert a VM to template if VM is running");
}

function rename(state: PveState, from: string, to: string): void {
  const volume = state.volumes.get(from);
  if (volume === undefined) return;
  state.volumes.delete(from);
  state.volumes.set({ ...volume, id: to });
}
