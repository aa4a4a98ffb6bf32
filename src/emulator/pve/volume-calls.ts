import { makeVolume } from "./disks.ts";
import { aText, aVmid, maybe, oneOf } from "./formats.ts";
import { allowed, demand } from "./permissions.ts";
import { failed, Refusal } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { needContent, needStorage } from "./state.ts";
import { parseSize } from "./volumes.ts";

const root = "/nodes/{node}/storage/{storage}";
const folders = { iso: "template/iso", vztmpl: "template/cache", import: "import", snippets: "snippets" } as const;

export const volumeCalls: readonly Route[] = [
  { method: "GET", path: `${root}/content/{volume*}`, call: "volume", answer: look },
  {
    method: "POST",
    path: `${root}/content`,
    call: "volume.allocate",
    parameters: {
      filename: aText,
      size: { type: "string", pattern: /^\d+[MG]?$/ },
      vmid: aVmid,
      format: maybe(oneOf("raw", "qcow2", "subvol", "vmdk")),
    },
    needs: (_state, path) => [`/storage/${path.storage}`, "Datastore.AllocateSpace"],
    answer: allocate,
  },
  {
    method: "POST",
    path: `${root}/download-url`,
    call: "download-url",
    parameters: {
      content: oneOf("iso", "vztmpl", "import"),
      filename: { type: "string", maxLength: 255 },
      url: { type: "string", pattern: /^https?:\/\// },
      checksum: maybe(aText),
      "checksum-algorithm": maybe(oneOf("md5", "sha1", "sha224", "sha256", "sha384", "sha512")),
      compression: maybe(aText),
      "verify-certificates": maybe({ type: "boolean" }),
    },
    answer: download,
  },
];

function look(call: Call): Answer {
  const { state, token, values } = call;
  const storage = needStorage(state, values.text("storage") ?? "");
  const given = values.text("volume") ?? "";
  const id = given.includes(":") ? given : `${storage.name}:${given}`;
  demand(state, token, `/storage/${storage.name}`, "Datastore.Audit", "Datastore.AllocateSpace");
  const volume = state.volumes.get(id);
  if (volume === undefined) throw failed(`volume_size_info on '${id}' failed - no format`);
  const name = id.slice(id.indexOf(":") + 1);
  const folder = volume.content in folders ? folders[volume.content as keyof typeof folders] : "images";
  const file = folder === "images" ? name : name.slice(name.indexOf("/") + 1);
  const format = name.endsWith(".qcow2") ? "qcow2" : "raw";
  return { data: { format, path: `/mnt/pve/${storage.name}/${folder}/${file}`, size: volume.size, used: volume.size } };
}

function allocate({ state, values }: Call): Answer {
  const storage = needStorage(state, values.text("storage") ?? "");
  needContent(storage, "images");
  const vmid = values.number("vmid") ?? 0;
  const name = `${vmid}/${values.text("filename") ?? ""}`;
  const size = values.text("size") ?? "";
  // A bare number is in KiB.
  const bytes = parseSize(/\d$/.test(size) ? `${size}K` : size) ?? 0;
  if (state.volumes.get(`${storage.name}:${name}`) !== undefined) {
    throw failed(`disk image '/mnt/pve/${storage.name}/images/${name}' already exists`);
  }
  return {
    data: makeVolume(state, {
      storage: storage.name,
      name,
      size: bytes,
      content: "images",
      owner: vmid,
      origin: "made",
    }),
  };
}

/** It fetches nothing: the file appears with the size that was not told. */
function download({ state, token, node, values, note }: Call): Answer {
  const name = values.text("storage") ?? "";
  const may =
    allowed(state, token, `/storage/${name}`, "Datastore.AllocateTemplate") &&
    (allowed(state, token, "/", "Sys.Audit") || allowed(state, token, `/nodes/${node}`, "Sys.AccessNetwork")) &&
    (allowed(state, token, "/", "Sys.Modify") || allowed(state, token, `/nodes/${node}`, "Sys.AccessNetwork"));
  if (!may) throw new Refusal(403, "Permission check failed");
  const storage = needStorage(state, name);
  const content = values.text("content") === "iso" ? "iso" : values.text("content") === "vztmpl" ? "vztmpl" : "import";
  needContent(storage, content);
  const file = `${content}/${values.text("filename") ?? ""}`;
  note.volume = `${name}:${file}`;
  const task = state.tasks.start(
    { node, type: "download", id: values.text("filename") ?? "", token: token.id },
    async (job) => {
      job.log(
        `downloading ${values.text("url") ?? ""} to /mnt/pve/${name}/${folders[content]}/${values.text("filename")}`,
      );
      await job.pass(state.spec.durations.upload);
      makeVolume(state, { storage: name, name: file, size: 1024 ** 2, content, owner: null, origin: "made" });
      job.log("download of file finished");
    },
  );
  return { data: task.upid };
}
