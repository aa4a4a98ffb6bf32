import { aText, aVmid, maybe } from "./formats.ts";
import { allowed, demand } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Need, Route } from "./router.ts";
import { snippetsOn } from "./snippets.ts";
import { isContent, type StorageSpec } from "./spec.ts";
import { needStorage, type PveState } from "./state.ts";
import { usageOf } from "./storage-usage.ts";
import type { Volume } from "./volumes.ts";

const aContent = {
  type: "string",
  format: (text: string) => (isContent(text) ? null : `invalid content type '${text}'`),
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
      content: maybe(aText),
      storage: maybe(aText),
      target: maybe(aText),
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
  const volumes = state.volumes
    .all()
    .filter((volume) => volume.storage === storage.name && (only ?? volume.content) === volume.content)
    .filter((volume) => owner === undefined || volume.owner === owner)
    .map(entry);
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

function entry(volume: Volume): Record<string, unknown> {
  const { id, size, changedAt, owner } = volume;
  const extension = id.slice(id.lastIndexOf(".") + 1);
  const format = volume.content === "iso" ? "iso" : volume.content === "snippets" ? "snippet" : extension;
  const whose = owner === null ? {} : { vmid: owner };
  return { volid: id, content: volume.content, format, size, ctime: Math.floor(changedAt / 1000), ...whose };
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
