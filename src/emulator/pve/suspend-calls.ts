import { makeVolume } from "./disks.ts";
import { drivesOf, isDisk, splitVolume } from "./drives.ts";
import { aCount, aFlag, maybe, storageId } from "./formats.ts";
import { type Guest, lockOf, memoryOf } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { demand } from "./permissions.ts";
import { switchOff } from "./power.ts";
import { badParameters, failed, lockTimeout } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { needGuest, type PveState } from "./state.ts";
import type { Job } from "./tasks.ts";

const root = "/nodes/{node}/qemu/{vmid}/status";
const skiplock = maybe(aFlag);
type Machine = Extract<Guest["power"], { kind: "running" }>;

export const suspendCalls: readonly Route[] = [
  {
    method: "POST",
    path: `${root}/suspend`,
    call: "suspend",
    parameters: { skiplock, todisk: maybe(aFlag), statestorage: maybe(storageId) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => {
      if (!call.values.flag("todisk")) return steer(call, "qmpause", pause);
      demand(call.state, call.token, `/vms/${call.vmid}`, "VM.Config.Disk");
      return steer(call, "qmsuspend", (machine, guest, job) => toDisk(call.state, machine, guest, job));
    },
  },
  {
    method: "POST",
    path: `${root}/resume`,
    call: "resume",
    parameters: { skiplock, nocheck: maybe(aFlag) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => steer(call, "qmresume", wake),
  },
  {
    method: "POST",
    path: `${root}/reset`,
    call: "reset",
    parameters: { skiplock },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => steer(call, "qmreset", () => {}),
  },
  {
    method: "POST",
    path: `${root}/reboot`,
    call: "reboot",
    parameters: { timeout: maybe(aCount) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => steer(call, "qmreboot", (_machine, _guest, job) => job.pass(call.state.spec.durations.shutdown)),
  },
];

function pause(machine: Machine): void {
  machine.paused = true;
}

function wake(machine: Machine): void {
  machine.paused = false;
}

function steer(
  call: Call,
  type: string,
  doIt: (machine: Machine, guest: Guest, job: Job) => void | Promise<void>,
): Answer {
  const { state, node, vmid, token, values } = call;
  if (values.flag("skiplock")) throw badParameters({ skiplock: "Only root may use this option." });
  if (needGuest(state, node, vmid).power.kind !== "running") throw failed(`VM ${vmid} not running`);
  const order = { node, type, id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    const release = await state.locks.exclusive(vmid);
    if (release === null) throw lockTimeout(vmid);
    try {
      const guest = needGuest(state, node, vmid);
      if (guest.power.kind !== "running") throw failed(`VM ${vmid} not running`);
      const lock = lockOf(guest);
      if (lock !== undefined) throw failed(`VM is locked (${lock})`);
      await doIt(guest.power, guest, job);
    } finally {
      release();
    }
  });
  return { data: task.upid };
}

/** The memory goes to a volume of its own; the next start takes it back and unlocks the guest. */
async function toDisk(state: PveState, machine: Machine, guest: Guest, job: Job): Promise<void> {
  const disk = drivesOf(guest.config).find(([, drive]) => isDisk(drive))?.[1].volume ?? "";
  const day = new Date(state.time.now()).toISOString().slice(0, 10);
  const storage = splitVolume(disk)?.storage ?? "local";
  await job.pass(state.spec.durations.snapshot);
  const volume = makeVolume(state, {
    storage,
    name: `${guest.vmid}/vm-${guest.vmid}-state-suspend-${day}.raw`,
    size: 2 * memoryOf(guest),
    content: "images",
    owner: guest.vmid,
    origin: "made",
  });
  guest.config.set("lock", "suspended");
  guest.config.set("vmstate", volume);
  job.log("State saved, quitting");
  switchOff(state, guest, machine);
}
