import { aFlag, aText, configId, maybe } from "./formats.ts";
import { digestOf, type Guest, isRunning, type Snapshot } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { demand } from "./permissions.ts";
import { failed, lockTimeout, unfoundGuest } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { removeSnapshot, rollBack, takeSnapshot } from "./snapshots.ts";
import { guestOn, isNine, needGuest } from "./state.ts";
import type { Job } from "./tasks.ts";

const root = "/nodes/{node}/qemu/{vmid}/snapshot";

export const snapshotCalls: readonly Route[] = [
  {
    method: "GET",
    path: root,
    call: "snapshots",
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => ({ data: listOf(needGuest(state, node, vmid)) }),
  },
  {
    method: "POST",
    path: root,
    call: "snapshot",
    parameters: {
      snapname: { ...configId, maxLength: 40 },
      description: maybe(aText),
      vmstate: maybe(aFlag),
    },
    needs: onGuest("VM.Snapshot"),
    answer: snapshot,
  },
  {
    method: "GET",
    path: `${root}/{snapname}/config`,
    call: "snapshot.config",
    needs: onGuest("VM.Snapshot", "VM.Snapshot.Rollback", "VM.Audit"),
    answer: ({ state, node, vmid, values }) => ({
      data: configOf(needGuest(state, node, vmid), values.text("snapname") ?? ""),
    }),
  },
  {
    method: "POST",
    path: `${root}/{snapname}/rollback`,
    call: "rollback",
    parameters: { start: maybe(aFlag) },
    needs: onGuest("VM.Snapshot", "VM.Snapshot.Rollback"),
    answer: rollback,
  },
  {
    method: "DELETE",
    path: `${root}/{snapname}`,
    call: "snapshot.delete",
    parameters: { force: maybe(aFlag) },
    needs: onGuest("VM.Snapshot"),
    answer: (call) => {
      needGuest(call.state, call.node, call.vmid);
      const name = call.values.text("snapname") ?? "";
      return work(call, "qmdelsnapshot", (guest, job) => removeSnapshot(call.state, guest, name, job));
    },
  },
];

function snapshot(call: Call): Answer {
  const { state, node, vmid, values } = call;
  needGuest(state, node, vmid);
  const name = values.text("snapname") ?? "";
  if (name === "current") throw failed("unable to use snapshot name 'current' (reserved name)");
  const wish = { name, description: values.text("description") ?? "", ram: values.flag("vmstate") };
  return work(call, "qmsnapshot", (guest, job) => takeSnapshot(state, guest, wish, job));
}

function rollback(call: Call): Answer {
  const { state, token, vmid, values } = call;
  const start = values.flag("start");
  if (start && isNine(state)) demand(state, token, `/vms/${vmid}`, "VM.PowerMgmt");
  const name = values.text("snapname") ?? "";
  return work(call, "qmrollback", (guest, job) => rollBack(state, guest, name, start, job));
}

function work(
  { state, node, vmid, token }: Call,
  type: string,
  doIt: (guest: Guest, job: Job) => Promise<void>,
): Answer {
  const order = { node, type, id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    const release = await state.locks.exclusive(vmid);
    if (release === null) throw lockTimeout(vmid);
    try {
      const guest = guestOn(state, node, vmid);
      if (guest === null) throw unfoundGuest(node, vmid);
      await doIt(guest, job);
    } finally {
      release();
    }
  });
  return { data: task.upid };
}

function listOf(guest: Guest): readonly unknown[] {
  const parent = guest.config.get("parent");
  return [
    ...[...guest.snapshots.values()].map((taken) => ({
      name: taken.name,
      description: taken.description,
      ...stamp(taken),
      ...(taken.ram === null ? {} : { vmstate: 1 }),
    })),
    {
      name: "current",
      description: "You are here!",
      digest: digestOf(guest),
      running: isRunning(guest) ? 1 : 0,
      ...(parent === undefined ? {} : { parent }),
    },
  ];
}

function configOf(guest: Guest, name: string): Record<string, unknown> {
  const taken = guest.snapshots.get(name);
  if (taken === undefined) throw failed(`snapshot '${name}' does not exist`);
  const { description: _own, parent: _parent, ...config } = Object.fromEntries(taken.config);
  return {
    ...config,
    ...stamp(taken),
    ...(taken.description === "" ? {} : { description: taken.description }),
    ...(taken.ram === null ? {} : { vmstate: taken.ram, runningmachine: "pc-i440fx-9.0+pve0", runningcpu: "kvm64" }),
  };
}

const stamp = (taken: Snapshot): Record<string, unknown> => ({
  snaptime: Math.floor(taken.takenAt / 1000),
  ...(taken.parent === null ? {} : { parent: taken.parent }),
});
