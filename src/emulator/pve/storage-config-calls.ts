import { createHash } from "node:crypto";
import { dropGrants } from "./access.ts";
import { aFlag, aText, maybe, oneOf, storageId } from "./formats.ts";
import type { Parameter, Parameters, Values } from "./parameters.ts";
import { allowed } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Call, Need, Route } from "./router.ts";
import { type Content, isContent, type StorageSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

const wordsIn = (text: string): readonly string[] => text.split(/[,;\s]+/).filter((word) => word !== "");

const aContentList: Parameter = {
  type: "string",
  list: true,
  format: (text) => {
    const wrong = wordsIn(text).find((word) => word !== "none" && !isContent(word));
    return wrong === undefined ? null : `invalid content type '${wrong}'`;
  },
};

/** What a storage of any type is told; no other type than a directory is emulated. */
const settings: Parameters = {
  content: maybe(aContentList),
  disable: maybe(aFlag),
  format: maybe(aText),
  is_mountpoint: maybe(aText),
  mkdir: maybe(aFlag),
  nodes: maybe(aText),
  "prune-backups": maybe(aText),
  shared: maybe(aFlag),
};

const types = [
  ...["btrfs", "cephfs", "cifs", "dir", "esxi", "iscsi", "iscsidirect", "lvm", "lvmthin", "nfs", "pbs", "rbd", "zfs"],
  "zfspool",
] as const;

const toAllocate: Need = () => ["/storage", "Datastore.Allocate"];

export const storageConfigCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/storage",
    call: "storage.configs",
    parameters: { type: maybe(oneOf(...types)) },
    answer: ({ state, token, values }) => ({
      data: state.spec.storages
        .filter(() => ["dir", undefined].includes(values.text("type")))
        .filter(({ name }) => allowed(state, token, `/storage/${name}`, "Datastore.Audit", "Datastore.AllocateSpace"))
        .map((storage) => configOf(state, storage)),
    }),
  },
  {
    method: "POST",
    path: "/storage",
    call: "storage.create",
    parameters: { storage: storageId, type: oneOf(...types), path: maybe(aText), ...settings },
    needs: toAllocate,
    answer: ({ state, values }) => {
      const name = values.text("storage") ?? "";
      const [type = "", path] = [values.text("type"), values.text("path")];
      const refuse = (why: string) => failed(`create storage failed: ${why}`);
      if (state.spec.storages.some((storage) => storage.name === name)) {
        throw refuse(`storage ID '${name}' already defined`);
      }
      if (type !== "dir") throw refuse(`no storage of type '${type}' is emulated`);
      if (path === undefined) throw refuse("missing value for required option 'path'");
      if (!path.startsWith("/")) throw refuse(`illegal path for directory storage: ${path}`);
      state.spec.storages.push({
        name,
        content: contentIn(values) ?? ["images", "rootdir"],
        shared: values.flag("shared"),
        snippetsFolder: null,
        sizeGiB: 100,
        path,
      });
      return { data: { storage: name, type } };
    },
  },
  {
    method: "GET",
    path: "/storage/{storage}",
    call: "storage.config",
    parameters: { storage: storageId },
    needs: (_state, path) => [`/storage/${path.storage}`, "Datastore.Allocate"],
    answer: (call) => ({ data: configOf(call.state, named(call, "")) }),
  },
  {
    method: "PUT",
    path: "/storage/{storage}",
    call: "storage.update",
    parameters: {
      storage: storageId,
      ...settings,
      delete: maybe({ type: "string", list: true }),
      digest: maybe({ type: "string", maxLength: 64 }),
    },
    needs: toAllocate,
    answer: (call) => {
      const { state, values } = call;
      const storage = named(call, "update storage failed: ");
      const digest = values.text("digest");
      if (digest !== undefined && digest !== digestOf(state)) {
        throw failed("update storage failed: detected modified configuration - file changed by other user? Try again.");
      }
      const content = contentIn(values);
      if (content !== null) storage.content = content;
      if (values.get("shared") !== undefined) storage.shared = values.flag("shared");
      return { data: { storage: storage.name, type: "dir" } };
    },
  },
  {
    method: "DELETE",
    path: "/storage/{storage}",
    call: "storage.remove",
    parameters: { storage: storageId },
    needs: toAllocate,
    answer: (call) => {
      const storage = named(call, "delete storage failed: ");
      const { storages } = call.state.spec;
      // Its files stay where they are.
      storages.splice(storages.indexOf(storage), 1);
      dropGrants(call.state, ({ path }) => path === `/storage/${storage.name}`);
      return { data: null };
    },
  },
];

function named({ state, values }: Call, doing: string): StorageSpec {
  const name = values.text("storage") ?? "";
  const storage = state.spec.storages.find((one) => one.name === name);
  if (storage === undefined) throw failed(`${doing}storage '${name}' does not exist`);
  return storage;
}

function contentIn(values: Values): Content[] | null {
  const text = values.text("content");
  return text === undefined ? null : wordsIn(text).filter(isContent);
}

const configOf = (state: PveState, storage: StorageSpec): Record<string, unknown> => ({
  storage: storage.name,
  type: "dir",
  path: storage.path ?? (storage.name === "local" ? "/var/lib/vz" : `/mnt/pve/${storage.name}`),
  content: storage.content.join(","),
  digest: digestOf(state),
  ...(storage.shared ? { shared: 1 } : {}),
});

/** Of the one file that describes them all. */
const digestOf = ({ spec }: PveState): string => createHash("sha1").update(JSON.stringify(spec.storages)).digest("hex");
