import { authoriseChange, type Change, readChange } from "./change.ts";
import { applyChange } from "./configure.ts";
import { drivesOf, isDisk } from "./drives.ts";
import { aCount, aFlag, aVmid, maybe, poolId, storageId } from "./formats.ts";
import type { Guest } from "./guest.ts";
import { configParameters } from "./options.ts";
import { allowed } from "./permissions.ts";
import { startGuest } from "./power.ts";
import { failed, Refusal } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { newUuid, type PveState } from "./state.ts";

const {
  delete: _delete,
  revert: _revert,
  digest: _digest,
  background_delay: _later,
  skiplock: _lock,
  ...options
} = configParameters;
const steering = [
  "archive",
  "bwlimit",
  "ha-managed",
  "live-restore",
  "pool",
  "start",
  "storage",
  "unique",
  "import-working-storage",
];

export const createCalls: readonly Route[] = [
  {
    method: "POST",
    path: "/nodes/{node}/qemu",
    call: "create",
    parameters: {
      ...options,
      vmid: aVmid,
      archive: maybe({ type: "string", maxLength: 255 }),
      bwlimit: maybe(aCount),
      "ha-managed": { ...maybe(aFlag), only: "9.2" },
      "import-working-storage": maybe(storageId),
      "live-restore": maybe(aFlag),
      pool: maybe(poolId),
      start: maybe(aFlag),
      storage: maybe(storageId),
      unique: maybe(aFlag),
    },
    answer: create,
  },
];

function create(call: Call): Answer {
  const { state, token, node, values, note } = call;
  const vmid = values.number("vmid") ?? 0;
  note.vmid = vmid;
  const pool = values.text("pool") ?? null;
  const mayAllocate =
    allowed(state, token, `/vms/${vmid}`, "VM.Allocate") ||
    (pool !== null && allowed(state, token, `/pool/${pool}`, "VM.Allocate"));
  if (!mayAllocate) throw new Refusal(403, "Permission check failed");
  const exists = `unable to create VM ${vmid} - VM ${vmid} already exists on node '${node}'`;
  const read = readChange(call);
  const wish: Change = { ...read, set: new Map([...read.set].filter(([name]) => !steering.includes(name))) };
  authoriseChange({ state, token, vmid }, new Map(), wish, pool);
  if (state.guests.has(vmid)) throw failed(exists);
  // Its configuration is there, and locked, before the call is answered: of two calls for one VMID one wins.
  const guest = emptyGuest(state, node, vmid);
  guest.config.set("lock", "create");
  state.guests.set(vmid, guest);
  const order = { node, type: "qmcreate", id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    try {
      await job.pass(state.spec.durations.clone);
      applyChange(state, guest, wish);
    } catch (error) {
      state.guests.delete(vmid);
      throw error;
    }
    guest.config.delete("lock");
    guest.config.set("boot", String(guest.config.get("boot") ?? defaultBoot(guest)));
    guest.resourcePool = pool;
    state.statd.changed(vmid);
    if (values.flag("start")) await startGuest(state, guest, job);
  });
  return { data: task.upid };
}

/** The first disk, then the network. */
function defaultBoot(guest: Guest): string {
  const disk = drivesOf(guest.config).find(([, drive]) => isDisk(drive))?.[0];
  const card = [...guest.config.keys()].find((name) => /^net\d+$/.test(name));
  return `order=${[disk, card].filter((name) => name !== undefined).join(";")}`;
}

const emptyGuest = (state: PveState, node: string, vmid: number): Guest => ({
  vmid,
  node,
  origin: "created",
  image: "runner",
  config: new Map<string, string | number>([
    ["meta", `creation-qemu=9.0.2,ctime=${Math.floor(state.time.now() / 1000)}`],
    ["smbios1", `uuid=${newUuid(state)}`],
    ["vmgenid", newUuid(state)],
  ]),
  pending: new Map(),
  snapshots: new Map(),
  resourcePool: null,
  power: { kind: "stopped" },
});
