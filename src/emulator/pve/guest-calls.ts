import { demandBridges } from "./bridges.ts";
import { cloneGuest } from "./clone.ts";
import { drivesOf, isDisk } from "./drives.ts";
import { aCount, aDnsName, aFlag, aVmid, configId, maybe, nodeName, oneOf, poolId, storageId } from "./formats.ts";
import { isTemplate, lockOf } from "./guest.ts";
import { current, full, listed } from "./guest-view.ts";
import { allowed, demand } from "./permissions.ts";
import { failed, Refusal, unfoundGuest } from "./refusal.ts";
import type { Answer, Call, Need, Route } from "./router.ts";
import { guestOn, needGuest, needStorage } from "./state.ts";

export const onGuest =
  (...privileges: readonly string[]): Need =>
  (_state, path) => [`/vms/${path.vmid}`, ...privileges];

const cloneParameters = {
  newid: aVmid,
  name: maybe(aDnsName),
  description: maybe({ type: "string", maxLength: 8192 }),
  pool: maybe(poolId),
  full: maybe(aFlag),
  storage: maybe(storageId),
  target: maybe(nodeName),
  format: maybe(oneOf("raw", "qcow2", "vmdk")),
  snapname: maybe({ ...configId, maxLength: 40 }),
  bwlimit: maybe(aCount),
};

export const guestCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/qemu",
    call: "guests",
    parameters: { full: maybe(aFlag) },
    answer: ({ state, token, node, values }) => ({
      data: [...state.guests.values()]
        .filter((guest) => guest.node === node && allowed(state, token, `/vms/${guest.vmid}`, "VM.Audit"))
        .map((guest) => (values.flag("full") ? full(state, guest) : listed(state, guest))),
    }),
  },
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/status/current",
    call: "status",
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => ({ data: current(state, needGuest(state, node, vmid)) }),
  },
  {
    method: "POST",
    path: "/nodes/{node}/qemu/{vmid}/clone",
    call: "clone",
    parameters: cloneParameters,
    needs: onGuest("VM.Clone"),
    answer: clone,
  },
];

function clone(call: Call): Answer {
  const { state, token, node, vmid, values, note } = call;
  const newid = values.number("newid") ?? 0;
  note.vmid = newid;
  const source = guestOn(state, node, vmid);
  if (source === null) throw unfoundGuest(node, vmid);
  const pool = values.text("pool") ?? null;
  if (pool !== null && !state.spec.resourcePools.includes(pool)) {
    throw new Refusal(403, `Permission check failed (pool '${pool}' does not exist)`);
  }
  refuseTarget(call, newid, pool);
  const lock = lockOf(source);
  if (lock !== undefined) throw failed(`VM is locked (${lock})`);
  if (state.guests.has(newid)) throw failed(`unable to create VM ${newid}: config file already exists`);
  const full = values.get("full") === undefined ? !isTemplate(source) : values.flag("full");
  const storage = values.text("storage") ?? null;
  if (storage !== null) needStorage(state, storage);
  const disks = drivesOf(source.config).filter(([, drive]) => isDisk(drive));
  if (!full) {
    for (const name of ["storage", "format"]) {
      if (values.get(name) !== undefined) throw failed(`parameter '${name}' not allowed for linked clones`);
    }
    const first = disks[0];
    const ofSnapshot = values.get("snapname") !== undefined;
    const of = ofSnapshot ? "a snapshot of " : "";
    if ((ofSnapshot || !isTemplate(source)) && first !== undefined) {
      throw failed(`Linked clone feature is not supported for ${of}'${first[1].volume}' (${first[0]})`);
    }
  }
  const target = values.text("target") ?? node;
  refuseNode(
    call,
    target,
    disks.map(([, drive]) => drive.volume),
  );
  for (const name of new Set(disks.map(([, drive]) => storage ?? drive.volume.split(":")[0] ?? ""))) {
    demand(state, token, `/storage/${name}`, "Datastore.AllocateSpace");
  }
  demandBridges(call, source.config);
  const wish = {
    source,
    newid,
    node: target,
    pool,
    full,
    storage,
    bwlimit: values.number("bwlimit") ?? 0,
    name: values.text("name"),
    description: values.text("description"),
  };
  const order = { node, type: "qmclone", id: String(vmid), token: token.id };
  return { data: state.tasks.start(order, (job) => cloneGuest(state, wish, job)).upid };
}

/** Without its detail, as PVE words it for the new guest. */
function refuseTarget({ state, token }: Call, newid: number, pool: string | null): void {
  // A confined token's rights on a guest that does not exist yet are those on its resource pool.
  const unbound = { ...token, confined: false };
  const where = pool === null ? `/vms/${newid}` : `/pool/${pool}`;
  if (!allowed(state, unbound, where, "VM.Allocate")) throw new Refusal(403, "Permission check failed");
}

function refuseNode({ state, node }: Call, target: string, volumes: readonly string[]): void {
  if (target === node) return;
  if (!state.spec.nodes.some(({ name }) => name === target)) {
    throw failed(`no such cluster node '${target}'`);
  }
  const local = volumes.some((volume) => !needStorage(state, volume.split(":")[0] ?? "").shared);
  if (local) throw failed(`can't clone VM to node '${target}' (VM uses local storage)`);
}
