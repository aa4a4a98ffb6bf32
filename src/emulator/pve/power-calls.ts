import { diskInUse } from "./clone.ts";
import { removeDisks } from "./disks.ts";
import { aCount, aFlag, aText, maybe, oneOf } from "./formats.ts";
import { type Guest, isProtected, isRunning, lockOf } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { startGuest, switchOff } from "./power.ts";
import { badParameters, failed, lockTimeout, missingGuest, unfoundGuest } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { guestOn, isNine, needGuest } from "./state.ts";
import type { Job } from "./tasks.ts";

const skiplock = maybe(aFlag);
const timeout = maybe(aCount);
const migratedfrom = maybe(aText);

export const powerCalls: readonly Route[] = [
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/start",
    call: "start",
    parameters: {
      skiplock,
      timeout,
      migratedfrom,
      "force-cpu": maybe(aText),
      machine: maybe(aText),
      migration_network: maybe(aText),
      migration_type: maybe(oneOf("secure", "insecure")),
      "nets-host-mtu": maybe({ type: "string", pattern: /^net\d+=\d+(,net\d+=\d+)*$/ }),
      stateuri: maybe({ type: "string", maxLength: 128 }),
      "with-conntrack-state": { ...maybe(aFlag), only: "9.2" },
      targetstorage: maybe(aText),
    },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => work(call, "qmstart", start),
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/stop",
    call: "stop",
    parameters: { skiplock, timeout, migratedfrom, keepActive: maybe(aFlag), "overrule-shutdown": maybe(aFlag) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => work(call, "qmstop", stop),
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/status/shutdown",
    call: "shutdown",
    parameters: { skiplock, timeout, keepActive: maybe(aFlag), forceStop: maybe(aFlag) },
    needs: onGuest("VM.PowerMgmt"),
    answer: (call) => work(call, "qmshutdown", shutdown),
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/qemu/{vmid}",
    call: "destroy",
    parameters: { skiplock, purge: maybe(aFlag), "destroy-unreferenced-disks": maybe(aFlag) },
    needs: onGuest("VM.Allocate"),
    answer: (call) => {
      const guest = needGuest(call.state, call.node, call.vmid);
      refuseSkiplock(call);
      refuseDestroy(guest);
      return work(call, "qmdestroy", destroy);
    },
  },
];

type Work = (call: Call, job: Job) => Promise<void>;

function work(call: Call, type: string, doIt: Work): Answer {
  refuseSkiplock(call);
  const { state, node, vmid, token } = call;
  const order = { node, type, id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    if (isNine(state) || type === "qmdestroy") noteWait(call, job);
    const release = await state.locks.exclusive(vmid);
    if (release === null) throw lockTimeout(vmid);
    try {
      await doIt(call, job);
    } finally {
      release();
    }
  });
  return { data: task.upid };
}

const noteWait = ({ state, vmid }: Call, job: Job): void => {
  if (state.locks.isHeld(vmid)) job.log("trying to acquire lock...");
};

function refuseSkiplock({ values }: Call): void {
  if (values.flag("skiplock")) throw badParameters({ skiplock: "Only root may use this option." });
}

async function start({ state, node, vmid }: Call, job: Job): Promise<void> {
  const guest = guestOn(state, node, vmid);
  if (guest === null) throw missingGuest(node, vmid);
  await startGuest(state, guest, job);
}

async function stop({ state, node, vmid }: Call, job: Job): Promise<void> {
  const guest = guestOn(state, node, vmid);
  if (guest === null) throw unfoundGuest(node, vmid);
  const { power } = guest;
  if (power.kind === "stopped") return;
  refuseLocked(guest);
  await job.pass(state.spec.durations.stop);
  switchOff(state, guest, power);
}

async function shutdown({ state, node, vmid, values }: Call, job: Job): Promise<void> {
  const guest = guestOn(state, node, vmid);
  if (guest === null) throw unfoundGuest(node, vmid);
  const { power } = guest;
  if (power.kind === "stopped") return;
  refuseLocked(guest);
  if (power.system?.agentAnswers() !== true) {
    await job.pass((values.number("timeout") ?? 180) * 1000);
    if (isRunning(guest) && !values.flag("forceStop")) throw failed("VM quit/powerdown failed - got timeout");
  } else {
    await job.pass(state.spec.durations.shutdown);
  }
  switchOff(state, guest, power);
}

/** A guest that went away while this waited for its lock is no failure. */
async function destroy({ state, node, vmid, values }: Call, job: Job): Promise<void> {
  const guest = guestOn(state, node, vmid);
  if (guest === null) return;
  refuseLocked(guest);
  refuseDestroy(guest);
  const used = diskInUse(state, guest);
  if (used !== null) throw failed(`base volume '${used}' is still in use by linked cloned`);
  await job.pass(state.spec.durations.destroy);
  if (values.flag("purge")) {
    job.log(`purging VM ${vmid} from related configurations..`);
    state.haResources.delete(`vm:${vmid}`);
  }
  removeDisks(state, guest);
  for (const { ram } of guest.snapshots.values()) if (ram !== null) state.volumes.delete(ram);
  state.guests.delete(vmid);
  state.statd.forget(vmid);
}

function refuseLocked(guest: Guest): void {
  const lock = lockOf(guest);
  if (lock !== undefined) throw failed(`VM is locked (${lock})`);
}

function refuseDestroy(guest: Guest): void {
  if (isProtected(guest)) throw failed(`can't remove VM ${guest.vmid} - protection mode enabled`);
  if (isRunning(guest)) throw failed(`VM ${guest.vmid} is running - destroy failed`);
}
