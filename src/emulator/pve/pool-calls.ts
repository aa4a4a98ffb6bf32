import { dropGrants } from "./access.ts";
import { containerAsResource } from "./container.ts";
import { aFlag, aText, maybe, oneOf, poolId } from "./formats.ts";
import { asResource } from "./guest-view.ts";
import { allowed, demand } from "./permissions.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Need, Route } from "./router.ts";
import type { PveState } from "./state.ts";

const aKind = oneOf("qemu", "lxc", "storage");
const changes = {
  comment: maybe(aText),
  vms: maybe({ type: "string", list: true }),
  storage: maybe({ type: "string", list: true }),
  delete: maybe(aFlag),
  "allow-move": maybe(aFlag),
} as const;

const onPool: Need = (_state, path) => [`/pool/${path.poolid}`, "Pool.Allocate"];

/** The pool is named in the path, or as a parameter: only such a name may hold a slash. */
export const poolCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/pools",
    call: "pools",
    parameters: { poolid: maybe(poolId), type: maybe(aKind) },
    answer: ({ state, token, values }) => {
      const asked = values.text("poolid");
      const seen = state.spec.resourcePools.filter((pool) => allowed(state, token, `/pool/${pool}`, "Pool.Audit"));
      if (asked === undefined) return { data: seen.map((poolid) => described(state, poolid)) };
      if (!seen.includes(asked)) demand(state, token, `/pool/${asked}`, "Pool.Audit");
      needPool(state, asked);
      return { data: [{ ...described(state, asked), members: members(state, asked, values.text("type")) }] };
    },
  },
  {
    method: "POST",
    path: "/pools",
    call: "pool.create",
    parameters: { poolid: poolId, comment: maybe(aText) },
    answer: ({ state, token, values }) => {
      const pool = values.text("poolid") ?? "";
      demand(state, token, `/pool/${pool}`, "Pool.Allocate");
      if (state.spec.resourcePools.includes(pool)) throw failed(`create pool failed: pool '${pool}' already exists`);
      const parent = pool.slice(0, Math.max(0, pool.lastIndexOf("/")));
      if (parent !== "" && !state.spec.resourcePools.includes(parent)) {
        throw failed(`create pool failed: parent '${parent}' of pool '${pool}' does not exist`);
      }
      state.spec.resourcePools.push(pool);
      comment(state, pool, values.text("comment"));
      return { data: null };
    },
  },
  {
    method: "PUT",
    path: "/pools",
    call: "pool.update",
    parameters: { poolid: poolId, ...changes },
    answer: (call) => update(call, true),
  },
  {
    method: "DELETE",
    path: "/pools",
    call: "pool.delete",
    parameters: { poolid: poolId },
    answer: (call) => remove(call, true),
  },
  {
    method: "GET",
    path: "/pools/{poolid}",
    call: "pool",
    parameters: { poolid: poolId, type: maybe(aKind) },
    needs: (_state, path) => [`/pool/${path.poolid}`, "Pool.Audit"],
    answer: ({ state, values }) => {
      const pool = needPool(state, values.text("poolid") ?? "");
      return { data: { ...described(state, pool), members: members(state, pool, values.text("type")) } };
    },
  },
  {
    method: "PUT",
    path: "/pools/{poolid}",
    call: "pool.update",
    parameters: { poolid: poolId, ...changes },
    needs: onPool,
    answer: (call) => update(call, false),
  },
  {
    method: "DELETE",
    path: "/pools/{poolid}",
    call: "pool.delete",
    parameters: { poolid: poolId },
    needs: onPool,
    answer: (call) => remove(call, false),
  },
];

function update(call: Call, ask: boolean): Answer {
  const { state, token, values } = call;
  const asked = values.text("poolid") ?? "";
  if (ask) demand(state, token, `/pool/${asked}`, "Pool.Allocate");
  const pool = needPool(state, asked, "update pool failed: ");
  comment(state, pool, values.text("comment"));
  for (const word of (values.text("vms") ?? "").split(/[,;\s]+/).filter((w) => w !== "")) {
    const guest = state.guests.get(Number(word)) ?? state.containers.get(Number(word));
    if (guest === undefined) throw failed(`update pool failed: VM ${word} does not exist`);
    guest.resourcePool = values.flag("delete") ? null : pool;
  }
  return { data: null };
}

function remove({ state, token, values }: Call, ask: boolean): Answer {
  const asked = values.text("poolid") ?? "";
  if (ask) demand(state, token, `/pool/${asked}`, "Pool.Allocate");
  const pool = needPool(state, asked, "delete pool failed: ");
  const pools = state.spec.resourcePools;
  const inside = [...state.guests.values(), ...state.containers.values()];
  if (inside.some(({ resourcePool }) => resourcePool === pool)) {
    throw failed(`delete pool failed: pool '${pool}' is not empty`);
  }
  pools.splice(pools.indexOf(pool), 1);
  state.poolComments.delete(pool);
  dropGrants(state, ({ path }) => path === `/pool/${pool}`);
  return { data: null };
}

function needPool(state: PveState, pool: string, doing = ""): string {
  if (!state.spec.resourcePools.includes(pool)) throw failed(`${doing}pool '${pool}' does not exist`);
  return pool;
}

function comment(state: PveState, pool: string, text: string | undefined): void {
  if (text !== undefined) state.poolComments.set(pool, text);
}

function described(state: PveState, poolid: string): Record<string, unknown> {
  const text = state.poolComments.get(poolid);
  return text === undefined ? { poolid } : { poolid, comment: text };
}

function members(state: PveState, pool: string, kind: string | undefined): readonly unknown[] {
  const ofPool = <T extends { resourcePool: string | null }>(all: Iterable<T>): readonly T[] =>
    [...all].filter(({ resourcePool }) => resourcePool === pool);
  const guests = kind === undefined || kind === "qemu" ? ofPool(state.guests.values()) : [];
  const containers = kind === undefined || kind === "lxc" ? ofPool(state.containers.values()) : [];
  const views = [
    ...guests.map((guest) => asResource(state, guest, false)),
    ...containers.map((container) => containerAsResource(state, container, false)),
  ];
  return views.map(({ tags: _tags, ...member }) => member);
}
