import { authoriseChange, type Change, judgeChange, readChange } from "./change.ts";
import { applyChange } from "./configure.ts";
import { ownVolume } from "./disks.ts";
import { diskSlots, isDisk, isDriveSlot, parseDrive, spellDrive, withOption } from "./drives.ts";
import { aDigest, aFlag, configId, maybe, oneOf } from "./formats.ts";
import { type ConfigValue, digestOf, type Guest, wantedConfig } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { configParameters } from "./options.ts";
import { demand } from "./permissions.ts";
import { badParameters, failed, lockTimeout } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { isNine, needGuest } from "./state.ts";
import { parseSize, spellSize } from "./volumes.ts";

const { background_delay: _later, "import-working-storage": _storage, ...putParameters } = configParameters;
const anyConfig = [
  "VM.Config.Disk",
  "VM.Config.CDROM",
  "VM.Config.CPU",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.HWType",
  "VM.Config.Options",
  "VM.Config.Cloudinit",
];

export const configCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/config",
    call: "config.read",
    parameters: { current: maybe(aFlag), snapshot: maybe({ ...configId, maxLength: 40 }) },
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid, values }) => {
      const guest = needGuest(state, node, vmid);
      const config = values.flag("current") ? guest.config : wantedConfig(guest);
      return { data: { ...Object.fromEntries(config), digest: digestOf(guest) } };
    },
  },
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/pending",
    call: "pending",
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => ({ data: pendingOf(needGuest(state, node, vmid)) }),
  },
  {
    method: "PUT",
    path: "/nodes/{node}/qemu/{vmid}/config",
    call: "config",
    parameters: putParameters,
    needs: onGuest(...anyConfig),
    answer: async (call) => {
      const wish = readChange(call);
      preview(call, wish);
      await change(call, wish);
      return { data: null };
    },
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/config",
    call: "config",
    parameters: configParameters,
    needs: onGuest(...anyConfig),
    answer: configureLater,
  },
  {
    method: "PUT",
    path: "/nodes/{node}/qemu/{vmid}/resize",
    call: "resize",
    parameters: {
      disk: oneOf(...diskSlots),
      size: { type: "string", pattern: /^\+?\d+(\.\d+)?[KMGT]?$/ },
      digest: maybe(aDigest),
      skiplock: maybe(aFlag),
    },
    needs: onGuest("VM.Config.Disk"),
    answer: resize,
  },
];

/** What can be said before the guest's lock file is free: 9 looks at the lock option, 8 waits for the file. */
function preview(call: Call, wish: Change): void {
  const guest = needGuest(call.state, call.node, call.vmid);
  authoriseChange(call, wantedConfig(guest), wish);
  if (isNine(call.state)) judgeChange(guest, wish);
}

async function change({ state, node, vmid }: Call, wish: Change): Promise<void> {
  const release = await state.locks.exclusive(vmid);
  if (release === null) throw lockTimeout(vmid);
  try {
    const guest = needGuest(state, node, vmid);
    judgeChange(guest, wish);
    applyChange(state, guest, wish);
  } finally {
    release();
  }
}

function configureLater(call: Call): Answer {
  const { state, node, vmid, token } = call;
  const wish = readChange(call);
  const guest = needGuest(state, node, vmid);
  judgeChange(guest, wish);
  const order = { node, type: "qmconfig", id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    const spelled = [...wish.set].map(([name, value]) => ` -${name} ${name === "cipassword" ? "<hidden>" : value}`);
    job.log(`update VM ${vmid}:${spelled.join("")}`);
    authoriseChange(call, wantedConfig(guest), wish);
    await job.pass(state.spec.durations.configure);
    await change(call, wish);
  });
  return { data: task.upid };
}

function resize({ state, node, vmid, token, values }: Call): Answer {
  if (values.flag("skiplock")) throw badParameters({ skiplock: "Only root may use this option." });
  needGuest(state, node, vmid);
  const disk = values.text("disk") ?? "";
  const size = values.text("size") ?? "";
  const order = { node, type: "resize", id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    const release = await state.locks.exclusive(vmid);
    if (release === null) throw lockTimeout(vmid);
    try {
      const guest = needGuest(state, node, vmid);
      judgeChange(guest, { set: new Map(), remove: [], revert: [], digest: values.text("digest") });
      const drive = parseDrive(String(guest.config.get(disk) ?? ""));
      if (!guest.config.has(disk) || !isDriveSlot(disk) || !isDisk(drive))
        throw failed(`disk '${disk}' does not exist`);
      demand(state, token, `/storage/${drive.volume.split(":")[0]}`, "Datastore.AllocateSpace");
      const volume = state.volumes.get(ownVolume(drive.volume));
      const now = volume?.size ?? parseSize(drive.options.get("size") ?? "") ?? 0;
      const asked = parseSize(size.replace("+", "")) ?? 0;
      const next = size.startsWith("+") ? now + asked : asked;
      if (next < now) throw failed("shrinking disks is not supported");
      await job.pass(state.spec.durations.resize);
      if (volume !== undefined) volume.size = next;
      guest.config.set(disk, spellDrive(withOption(drive, "size", spellSize(next))));
    } finally {
      release();
    }
  });
  return { data: task.upid };
}

type Pending = { key: string; value?: ConfigValue; pending?: ConfigValue; delete?: 1 };

function pendingOf(guest: Guest): readonly Pending[] {
  const entries = new Map<string, Pending>();
  for (const [key, value] of guest.config) entries.set(key, { key, value });
  for (const [key, value] of guest.pending) {
    const entry = entries.get(key) ?? { key };
    entries.set(key, value === null ? { ...entry, delete: 1 } : { ...entry, pending: value });
  }
  return [...entries.values(), { key: "digest", value: digestOf(guest) }];
}
