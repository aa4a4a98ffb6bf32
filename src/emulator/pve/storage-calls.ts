import { baseVolume, ownVolume } from "./disks.ts";
import { drivesOf } from "./drives.ts";
import { aVmid, maybe, nodeName, storageId } from "./formats.ts";
import { allowed, demand } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Need, Route } from "./router.ts";
import { snippetsOn } from "./snippets.ts";
import { isContent, type StorageSpec } from "./spec.ts";
import { isNine, needStorage, type PveState } from "./state.ts";
import { usageOf } from "./storage-usage.ts";
import type { Volume } from "./volumes.ts";

const aContent = {
  type: "string",
  format: (text: string) => (isContent(text) ? null : `invalid content type '${text}'`),
} as const;

const aContentList = {
  type: "string",
  list: true,
  format: (text: string) => {
    const wrong = text.split(/[,;\s]+/).find((word) => word !== "" && !isContent(word));
    return wrong === undefined ? null : `invalid content type '${wrong}'`;
  },
} as const;

const onStorage =
  (...privileges: readonly string[]): Need =>
  (_state, path) => [`/storage/${path.storage}`, ...privileges];

export const storageCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/storage",
    call: "storages",
    parameters: {
      content: maybe(aContentList),
      storage: maybe(storageId),
      target: maybe(nodeName),
      enabled: maybe({ type: "boolean" }),
      format: maybe({ type: "boolean" }),
    },
    answer: ({ state, token, values }) => ({
      data: state.spec.storages
        .filter(({ name }) => (values.text("storage") ?? name) === name)
        .filter(({ content }) => listed(values.text("content"), content))
        .filter(({ name }) => allowed(state, token, `/storage/${name}`, "Datastore.Audit", "Datastore.AllocateSpace"))
        .map((storage) => ({
          storage: storage.name,
          ...status(state, storage),
          used_fraction: fraction(state, storage),
        })),
    }),
  },
  {
    method: "GET",
    path: "/nodes/{node}/storage/{storage}/status",
    call: "storage.status",
    needs: onStorage("Datastore.Audit", "Datastore.AllocateSpace"),
    answer: ({ state, values }) => ({ data: status(state, needStorage(state, values.text("storage") ?? "")) }),
  },
  {
    method: "GET",
    path: "/nodes/{node}/storage/{storage}/content",
    call: "storage.content",
    parameters: { content: maybe(aContent), vmid: maybe(aVmid) },
    needs: onStorage("Datastore.Audit", "Datastore.AllocateSpace"),
    answer: content,
  },
  {
    method: "DELETE",
    path: "/nodes/{node}/storage/{storage}/content/{volume*}",
    call: "volume.delete",
    parameters: { delay: maybe({ type: "integer", minimum: 1, maximum: 30 }) },
    answer: remove,
  },
];

const listed = (asked: string | undefined, has: readonly string[]): boolean =>
  asked === undefined || asked.split(/[,;\s]+/).some((content) => has.includes(content));

function status(state: PveState, storage: StorageSpec): Record<string, unknown> {
  const { used, total, avail } = usageOf(state, storage);
  return {
    type: "dir",
    content: storage.content.join(","),
    shared: storage.shared ? 1 : 0,
    active: 1,
    enabled: 1,
    total,
    used,
    avail,
  };
}

function fraction(state: PveState, storage: StorageSpec): number {
  const { used, total } = usageOf(state, storage);
  return used / total;
}

function content({ state, values }: Call): Answer {
  const storage = needStorage(state, values.text("storage") ?? "");
  const only = values.text("content");
  const owner = values.number("vmid");
  const linked = linkedDisks(state);
  const volumes = state.volumes
    .all()
    .filter((volume) => volume.storage === storage.name && (only ?? volume.content) === volume.content)
    .filter((volume) => owner === undefined || volume.owner === owner)
    .map((volume) => entry(state, volume, linked.get(volume.id)));
  if (owner !== undefined || (only !== undefined && only !== "snippets")) return { data: volumes };
  const snippets = snippetsOn(storage).map(({ id, size, changedAt }) => ({
    volid: id,
    content: "snippets",
    format: "snippet",
    size,
    ctime: Math.floor(changedAt / 1000),
  }));
  return { data: [...volumes, ...snippets] };
}

function entry(state: PveState, volume: Volume, linked: Linked | undefined): Record<string, unknown> {
  const { id, size, changedAt, owner } = volume;
  const extension = id.slice(id.lastIndexOf(".") + 1);
  const format = volume.content === "iso" ? "iso" : volume.content === "snippets" ? "snippet" : extension;
  const whose = owner === null ? {} : { vmid: owner };
  const ofDisk =
    isNine(state) && ["images", "rootdir"].includes(volume.content)
      ? { parent: linked?.parent ?? null, used: size }
      : {};
  return {
    volid: linked?.id ?? id,
    ...ofDisk,
    content: volume.content,
    format,
    size,
    ctime: Math.floor(changedAt / 1000),
    ...whose,
  };
}

interface Linked {
  readonly id: string;
  readonly parent: string;
}

/** Disks that are read through to another one, by their own ids. */
function linkedDisks({ guests }: PveState): ReadonlyMap<string, Linked> {
  const found = new Map<string, Linked>();
  for (const { config } of guests.values()) {
    for (const [, { volume }] of drivesOf(config)) {
      const base = baseVolume(volume);
      if (base !== null)
        found.set(ownVolume(volume), { id: volume, parent: `../${base.slice(base.indexOf(":") + 1)}` });
    }
  }
  return found;
}

/** Whether a guest has the file in its drive is not asked: who has it open keeps it. */
async function remove(call: Call): Promise<Answer> {
  const { state, token, node, values, note } = call;
  const storage = needStorage(state, values.text("storage") ?? "");
  const given = values.text("volume") ?? "";
  const id = given.includes(":") ? given : `${storage.name}:${given}`;
  note.volume = id;
  if (!id.startsWith(`${storage.name}:`)) throw failed(`volume '${id}' does not lie on storage '${storage.name}'`);
  demand(state, token, `/storage/${storage.name}`, "Datastore.Allocate");
  const task = state.tasks.start({ node, type: "imgdel", id: storage.name, token: token.id }, async (job) => {
    await job.pass(state.spec.durations.deleteVolume);
    if (state.volumes.get(id) === undefined) job.log(`disk image '${id}' does not exist`);
    state.volumes.delete(id);
    job.log(`Removed volume '${id}'`);
  });
  const delay = values.number("delay");
  if (delay === undefined) return { data: task.upid };
  await endedWithin(state, task.ended, delay * 1000);
  if (task.end === null) return { data: task.upid };
  if (task.end.status !== "OK") throw failed(task.end.status);
  return { data: null };
}

function endedWithin(state: PveState, ended: Promise<void>, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const callOff = state.time.after(ms, resolve);
    void ended.then(() => {
      callOff();
      resolve();
    });
  });
}
