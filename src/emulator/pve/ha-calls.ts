import { createHash } from "node:crypto";
import { aCount, aFlag, configId, maybe, oneOf } from "./formats.ts";
import type { Parameter } from "./parameters.ts";
import { failed } from "./refusal.ts";
import type { Call, Need, Route } from "./router.ts";
import type { PveState } from "./state.ts";

/** What PVE's HA manager is asked to do about a guest. Nothing of what it would do happens here. */
export interface HaResource {
  readonly sid: string;
  readonly settings: ReadonlyMap<string, string | number>;
}

const sid: Parameter = {
  type: "string",
  format: (text) => (/^((ct|vm):)?[1-9]\d{2,8}$/.test(text) ? null : "unable to parse HA resource ID"),
};
const settings = {
  comment: maybe({ type: "string", maxLength: 4096 }),
  failback: { ...maybe(aFlag), only: "9.2" },
  group: maybe(configId),
  max_relocate: maybe(aCount),
  max_restart: maybe(aCount),
  state: maybe(oneOf("started", "stopped", "enabled", "disabled", "ignored")),
} as const satisfies Record<string, Parameter>;

const reads: Need = () => ["/", "Sys.Audit"];
const writes: Need = () => ["/", "Sys.Console"];
const root = "/cluster/ha/resources";

export const haCalls: readonly Route[] = [
  {
    method: "GET",
    path: root,
    call: "ha.resources",
    parameters: { type: maybe(oneOf("ct", "vm")) },
    needs: reads,
    answer: ({ state, values }) => {
      const type = values.text("type");
      const all = [...state.haResources.values()].map((resource) => shown(state, resource));
      return { data: type === undefined ? all : all.filter((one) => one.type === type) };
    },
  },
  {
    method: "POST",
    path: root,
    call: "ha.add",
    parameters: { ...settings, sid, type: maybe(oneOf("ct", "vm")) },
    needs: writes,
    answer: (call) => {
      const { state } = call;
      const id = sidIn(call);
      if (state.haResources.has(id)) throw failed(`resource ID '${id}' already defined`);
      const [type = "", digits = ""] = id.split(":");
      if (!(type === "ct" ? state.containers : state.guests).has(Number(digits))) {
        throw failed(`cannot add resource '${id}': no such guest`);
      }
      state.haResources.set(id, { sid: id, settings: new Map(given(call)) });
      return { data: null };
    },
  },
  {
    method: "GET",
    path: `${root}/{sid}`,
    call: "ha.resource",
    parameters: { sid },
    needs: reads,
    answer: (call) => ({ data: shown(call.state, needResource(call)) }),
  },
  {
    method: "PUT",
    path: `${root}/{sid}`,
    call: "ha.change",
    parameters: {
      ...settings,
      sid,
      digest: maybe({ type: "string", maxLength: 64 }),
      delete: maybe({ type: "string", maxLength: 4096, list: true }),
    },
    needs: writes,
    answer: (call) => {
      const { state, values } = call;
      const resource = needResource(call);
      const digest = values.text("digest");
      if (digest !== undefined && digest !== digestOf(state)) {
        throw failed("detected modified configuration - file changed by other user? Try again.");
      }
      const changed = new Map([...resource.settings, ...given(call)]);
      for (const name of (values.text("delete") ?? "").split(/[,;\s]+/)) changed.delete(name);
      state.haResources.set(resource.sid, { ...resource, settings: changed });
      return { data: null };
    },
  },
  {
    method: "DELETE",
    path: `${root}/{sid}`,
    call: "ha.remove",
    parameters: { sid, purge: { ...maybe(aFlag), only: "9.2" } },
    needs: writes,
    answer: (call) => {
      call.state.haResources.delete(needResource(call).sid);
      return { data: null };
    },
  },
];

const given = ({ values }: Call): readonly (readonly [string, string | number])[] =>
  Object.keys(settings).flatMap((name) => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value] as const];
  });

/** A plain VMID is short for whichever guest has it. */
function sidIn({ state, values }: Call): string {
  const text = values.text("sid") ?? "";
  if (text.includes(":")) return text;
  return `${state.containers.has(Number(text)) ? "ct" : "vm"}:${text}`;
}

function needResource(call: Call): HaResource {
  const id = sidIn(call);
  const resource = call.state.haResources.get(id);
  if (resource === undefined) throw failed(`no such resource '${id}'`);
  return resource;
}

const shown = (state: PveState, resource: HaResource) => ({
  state: "started",
  ...Object.fromEntries(resource.settings),
  sid: resource.sid,
  type: resource.sid.split(":")[0],
  digest: digestOf(state),
});

/** Of the one file in which all of them stand. */
const digestOf = ({ haResources }: PveState): string =>
  createHash("sha1")
    .update(JSON.stringify([...haResources.values()].map(({ sid: id, settings: of }) => [id, [...of]])))
    .digest("hex");
