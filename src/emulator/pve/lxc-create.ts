import type { ContainerSystem } from "../container.ts";
import { type Container, needContainer } from "./container.ts";
import { makeVolume } from "./disks.ts";
import { aDnsName, aFlag, aText, aVmid, configId, maybe, nodeName, poolId, storageId, tagsIn } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import { lxcOptions, withHardware } from "./lxc-options.ts";
import { startContainer, warnOfNesting } from "./lxc-power.ts";
import { allowed, demand } from "./permissions.ts";
import { failed, Refusal } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { isNine, needStorage, type PveState } from "./state.ts";
import type { Volume } from "./volumes.ts";

const GiB = 1024 ** 3;
const root = "/nodes/{node}/lxc";

export const lxcCreateCalls: readonly Route[] = [
  {
    method: "POST",
    path: root,
    call: "lxc.create",
    parameters: {
      ...lxcOptions,
      vmid: aVmid,
      ostemplate: { type: "string", maxLength: 255 },
      bwlimit: maybe({ type: "number", minimum: 0 }),
      force: maybe(aFlag),
      "ignore-unpack-errors": maybe(aFlag),
      password: maybe({ type: "string", minLength: 5 }),
      pool: maybe(poolId),
      restore: maybe(aFlag),
      "ssh-public-keys": maybe(aText),
      start: maybe(aFlag),
      storage: maybe(storageId),
      unique: maybe(aFlag),
      "ha-managed": { ...maybe(aFlag), only: "9.2" },
    },
    answer: create,
  },
  {
    method: "POST",
    path: `${root}/{vmid}/clone`,
    call: "lxc.clone",
    parameters: {
      newid: aVmid,
      hostname: maybe(aDnsName),
      description: maybe(aText),
      pool: maybe(poolId),
      full: maybe(aFlag),
      storage: maybe(storageId),
      target: maybe(nodeName),
      snapname: maybe({ ...configId, maxLength: 40 }),
      bwlimit: maybe({ type: "number", minimum: 0 }),
    },
    needs: onGuest("VM.Clone"),
    answer: clone,
  },
  {
    method: "POST",
    path: `${root}/{vmid}/template`,
    call: "lxc.template",
    needs: onGuest("VM.Allocate"),
    answer: template,
  },
];

function create(call: Call): Answer {
  const { state, token, node, values, note } = call;
  const vmid = values.number("vmid") ?? 0;
  note.vmid = vmid;
  const pool = values.text("pool") ?? null;
  authorise(call, vmid, pool);
  const features = (values.text("features") ?? "")
    .split(",")
    .filter((part) => part !== "" && !part.startsWith("nesting="));
  if (features.length > 0) {
    throw new Refusal(
      403,
      "Permission check failed (changing feature flags (except nesting) is only allowed for root@pam)",
    );
  }
  if (values.get("unprivileged") === 0 && isNine(state)) demand(state, token, "/", "Sys.Modify");
  refuseTaken(state, node, vmid);
  const [storage = "local", size = "4"] = (values.text("rootfs") ?? `${values.text("storage") ?? "local"}:4`).split(
    ":",
  );
  const source = values.text("ostemplate") ?? "";
  needStorage(state, storage);
  demand(state, token, `/storage/${storage}`, "Datastore.AllocateSpace");
  if (!/^[^:]+:vztmpl\//.test(source)) {
    throw failed(`unable to use volume ${source} - content type needs to be 'vztmpl'`);
  }
  const order = { node, type: "vzcreate", id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    refuseTaken(state, node, vmid);
    await job.pass(state.spec.durations.clone);
    const archive = state.volumes.get(source);
    if (archive === undefined) throw failed(`unable to create CT ${vmid} - volume '${source}' does not exist`);
    if (archive.origin === "uploaded" && !isArchive(archive.bytes)) {
      const owned = values.flag("unprivileged") ? "lxc-usernsexec -m u:0:100000:65536 -m g:0:100000:65536 -- " : "";
      throw failed(
        `unable to create CT ${vmid} - command '${owned}tar xpf - --zstd --totals --one-file-system -p --sparse --numeric-owner --acls --xattrs '--xattrs-include=user.*' '--xattrs-include=security.capability' '--warning=no-file-ignored' '--warning=no-xattr-write' -C /var/lib/lxc/${vmid}/rootfs --skip-old-files --anchored --exclude './dev/*'' failed: exit code 2`,
      );
    }
    const volume = makeRoot(state, storage, vmid, Number(size) * GiB);
    const config = new Map<string, string | number>([
      ["arch", "amd64"],
      ["ostype", archive.bare === true ? "unmanaged" : "debian"],
      ["memory", 512],
      ["swap", 512],
      ["hostname", `CT${vmid}`],
    ]);
    for (const [name, value] of values.entries()) {
      if (!Object.hasOwn(lxcOptions, name)) continue;
      config.set(name, name === "tags" ? tagsIn(String(value)).join(";") : withHardware(state, name, value));
    }
    config.set("rootfs", `${volume},size=${size}G`);
    if (config.get("unprivileged") === 0) config.delete("unprivileged");
    warnOfNesting(state, config, job);
    const system = await unpack(call, vmid, archive);
    for (const fingerprint of system?.fingerprints ?? []) {
      job.log("Creating SSH host key 'ssh_host_ed25519_key' - this may take some time ...");
      job.log(`done: ${fingerprint} root@${config.get("hostname")}`);
    }
    const container = add(state, { vmid, node, config, resourcePool: pool, system });
    if (values.flag("start")) await startContainer(state, container, job);
  });
  return { data: task.upid };
}

async function unpack({ state, values }: Call, vmid: number, archive: Volume): Promise<ContainerSystem | null> {
  if (state.makeContainer === null || archive.bare === true) return null;
  return state
    .makeContainer({
      vmid,
      hostname: values.text("hostname") ?? `CT${vmid}`,
      password: values.text("password") ?? null,
      keys: values.text("ssh-public-keys") ?? "",
      archive,
    })
    .catch((error: unknown) => {
      throw failed(`unable to create CT ${vmid} - ${error instanceof Error ? error.message : String(error)}`);
    });
}

const isArchive = (bytes: Uint8Array): boolean => bytes.length > 512;

function clone(call: Call): Answer {
  const { state, token, node, vmid, values, note } = call;
  const source = needContainer(state, node, vmid);
  const newid = values.number("newid") ?? 0;
  note.vmid = newid;
  const pool = values.text("pool") ?? null;
  authorise(call, newid, pool);
  refuseTaken(state, node, newid);
  const rootfs = String(source.config.get("rootfs"));
  const full = values.get("full") === undefined ? source.config.get("template") !== 1 : values.flag("full");
  const from = rootfs.split(",")[0] ?? "";
  if (!full) throw failed(`Linked clone feature for '${from}' is not available`);
  if (source.running !== null) throw failed("Cannot do full clones on a running container without snapshots");
  const storage = values.text("storage") ?? from.split(":")[0] ?? "";
  needStorage(state, storage);
  const order = { node, type: "vzclone", id: String(vmid), token: token.id };
  const task = state.tasks.start(order, async (job) => {
    job.log(`create full clone of mountpoint rootfs (${from})`);
    await job.pass(state.spec.durations.fullClone);
    const volume = makeRoot(state, storage, newid, state.volumes.get(from)?.size ?? 0);
    const config = new Map(source.config);
    config.delete("template");
    config.set("rootfs", rootfs.replace(from, volume));
    config.set("hostname", values.text("hostname") ?? `CT${newid}`);
    const description = values.text("description");
    if (description !== undefined) config.set("description", withHardware(state, "description", description));
    for (const [name, value] of config) {
      if (/^net\d+$/.test(name))
        config.set(name, withHardware(state, name, String(value).replace(/hwaddr=[^,]+,/, "")));
    }
    warnOfNesting(state, config, job);
    add(state, { vmid: newid, node, config, resourcePool: pool });
  });
  return { data: task.upid };
}

function template({ state, node, vmid }: Call): Answer {
  const container = needContainer(state, node, vmid);
  if (container.config.get("template") === 1) throw failed("you can't convert a template to a template");
  if (container.running !== null) throw failed("you can't convert a CT to template if the CT is running");
  container.config.set("template", 1);
  const rootfs = String(container.config.get("rootfs"));
  const from = rootfs.split(",")[0] ?? "";
  const to = from.replace(`/vm-${vmid}-`, `/base-${vmid}-`);
  const volume = state.volumes.get(from);
  if (volume !== undefined) {
    state.volumes.delete(from);
    state.volumes.set({ ...volume, id: to });
  }
  container.config.set("rootfs", rootfs.replace(from, to));
  return { data: null };
}

function authorise({ state, token }: Call, vmid: number, pool: string | null): void {
  const where = pool === null ? `/vms/${vmid}` : `/pool/${pool}`;
  if (!allowed(state, token, where, "VM.Allocate")) throw new Refusal(403, "Permission check failed");
}

function refuseTaken(state: PveState, node: string, vmid: number): void {
  if (state.containers.has(vmid)) throw failed(`CT ${vmid} already exists on node '${node}'`);
  if (state.guests.has(vmid)) throw failed(`VM ${vmid} already exists on node '${node}'`);
}

function makeRoot(state: PveState, storage: string, vmid: number, size: number): string {
  const name = `${vmid}/vm-${vmid}-disk-0.raw`;
  return makeVolume(state, { storage, name, size, content: "rootdir", owner: vmid, origin: "made" });
}

function add(state: PveState, made: Omit<Container, "running" | "seen" | "transcript">): Container {
  const container: Container = { ...made, running: null, seen: false, transcript: [] };
  state.containers.set(made.vmid, container);
  state.time.after(state.spec.resourcesLagMs, () => {
    container.seen = true;
  });
  return container;
}
