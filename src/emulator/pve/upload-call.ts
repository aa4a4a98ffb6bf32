import { createHash } from "node:crypto";
import { aText, maybe, oneOf } from "./formats.ts";
import type { Parameters } from "./parameters.ts";
import { allowed } from "./permissions.ts";
import { badParameters, failed, shutOut } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import type { Content, StorageSpec, TokenSpec } from "./spec.ts";
import { isNine, needContent, needStorage, type PveState } from "./state.ts";
import { usageOf } from "./storage-usage.ts";

type Uploadable = Extract<Content, "iso" | "vztmpl" | "import">;

const parameters: Parameters = {
  content: oneOf("iso", "vztmpl", "import"),
  filename: maybe({ type: "string", maxLength: 255 }),
  checksum: maybe(aText),
  "checksum-algorithm": maybe(oneOf("md5", "sha1", "sha224", "sha256", "sha384", "sha512")),
};

export const uploadCall: Route = {
  method: "POST",
  path: "/nodes/{node}/storage/{storage}/upload",
  call: "upload",
  parameters,
  answer: upload,
};

/** Asked before the body is read. */
export function authoriseUpload(state: PveState, token: TokenSpec, storage: string): void {
  const path = `/storage/${storage}`;
  const privilege = "Datastore.AllocateTemplate";
  if (!allowed(state, token, path, privilege)) throw shutOut(403, `Permission check failed (${path}, ${privilege})`);
}

function upload(call: Call): Answer {
  const { state, token, node, values, file, note } = call;
  const content = (values.text("content") ?? "") as Uploadable;
  if (file === null) throw badParameters({ filename: "property is missing and it is not optional" });
  const storage = needStorage(state, values.text("storage") ?? "");
  const name = (file.name.split(/[\\/]/).at(-1) ?? "").replace(/[^-a-zA-Z0-9_.]/g, "_");
  note.volume = `${storage.name}:${content}/${name}`;
  refuseName(content, name, isNine(state));
  needContent(storage, content);
  const id = note.volume;
  const order = { node, type: "imgcopy", id: "", token: token.id };
  const task = state.tasks.start(order, async (job) => {
    job.log(`starting file import from: /var/tmp/pveupload-${createHash("md5").update(id).digest("hex")}`);
    refuseChecksum(values.text("checksum"), values.text("checksum-algorithm"), file.bytes);
    if (content === "import" && name.endsWith(".qcow2") && !isQcow(file.bytes)) {
      const temporary = `/var/tmp/pveupload-${createHash("md5").update(id).digest("hex")}`;
      throw failed(`qemu-img: Could not open '${temporary}': Image is not in qcow2 format`);
    }
    job.log(`target node: ${node}`);
    job.log(`file size is: ${file.bytes.length}`);
    await job.pass(state.spec.durations.upload);
    refuseOverflow(state, storage, id, file.bytes.length);
    write(state, { id, storage: storage.name, content, bytes: file.bytes });
    job.log("finished file import successfully");
  });
  return { data: task.upid };
}

const isQcow = (bytes: Uint8Array): boolean => Buffer.from(bytes.subarray(0, 3)).toString("latin1") === "QFI";

const extensions = {
  iso: { ending: /\.(iso|img)$/i, why: "wrong file extension" },
  vztmpl: { ending: /\.tar\.(gz|xz|zst)$/i, why: "wrong file extension" },
  import: { ending: /\.(ova|qcow2|raw|vmdk)$/i, why: "invalid filename or wrong extension" },
} as const satisfies Record<Uploadable, unknown>;

function refuseName(content: Uploadable, name: string, nine: boolean): void {
  const { ending, why } = extensions[content];
  // What holds an image of a container registry is not compressed as a whole.
  if (nine && content === "vztmpl" && /\.tar$/i.test(name)) return;
  if (!ending.test(name)) throw badParameters({ filename: why });
}

function refuseChecksum(wanted: string | undefined, algorithm: string | undefined, bytes: Uint8Array): void {
  if (wanted === undefined || algorithm === undefined) return;
  const found = createHash(algorithm).update(bytes).digest("hex");
  if (found !== wanted.toLowerCase()) throw failed(`checksum mismatch: got '${found}' != expect '${wanted}'`);
}

/** What a file of the same name takes now is free again once it is written over. */
function refuseOverflow(state: PveState, storage: StorageSpec, id: string, size: number): void {
  const { avail } = usageOf(state, storage);
  if (size <= avail + (state.volumes.get(id)?.size ?? 0)) return;
  const path = `/mnt/pve/${storage.name}/template/${id.slice(id.indexOf(":") + 1)}`;
  throw failed(`import failed: cp: error writing '${path}': No space left on device`);
}

/** The same file is written again: a machine that has it in its drive sees the new content. */
function write(state: PveState, file: { id: string; storage: string; content: Uploadable; bytes: Uint8Array }): void {
  const { bytes } = file;
  const there = state.volumes.get(file.id);
  const written = { bytes, size: bytes.length, changedAt: state.time.now(), origin: "uploaded" as const };
  if (there === undefined) state.volumes.set({ ...file, ...written, owner: null });
  else Object.assign(there, written);
}
