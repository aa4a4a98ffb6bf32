import { aFlag, aText, maybe } from "./formats.ts";
import { failed } from "./refusal.ts";
import type { Call, Need, Route } from "./router.ts";

const onPool: Need = (_state, path) => [`/pool/${path.poolid}`, "Pool.Allocate"];

export const poolCalls: readonly Route[] = [
  {
    method: "POST",
    path: "/pools",
    call: "pool.create",
    parameters: { poolid: aText, comment: maybe(aText) },
    needs: () => ["/pool", "Pool.Allocate"],
    answer: ({ state, values }) => {
      const pool = values.text("poolid") ?? "";
      if (state.spec.resourcePools.includes(pool)) throw failed(`create pool failed: pool '${pool}' already exists`);
      state.spec.resourcePools.push(pool);
      return { data: null };
    },
  },
  {
    method: "PUT",
    path: "/pools/{poolid}",
    call: "pool.update",
    parameters: {
      comment: maybe(aText),
      vms: maybe({ type: "string", list: true }),
      storage: maybe({ type: "string", list: true }),
      delete: maybe(aFlag),
      "allow-move": maybe(aFlag),
    },
    needs: onPool,
    answer: (call) => {
      const pool = needPool(call);
      for (const word of (call.values.text("vms") ?? "").split(/[,;\s]+/).filter((w) => w !== "")) {
        const guest = call.state.guests.get(Number(word)) ?? call.state.containers.get(Number(word));
        if (guest === undefined) throw failed(`update pool failed: VM ${word} does not exist`);
        guest.resourcePool = call.values.flag("delete") ? null : pool;
      }
      return { data: null };
    },
  },
  {
    method: "DELETE",
    path: "/pools/{poolid}",
    call: "pool.delete",
    needs: onPool,
    answer: (call) => {
      const pool = needPool(call);
      const pools = call.state.spec.resourcePools;
      const members = [...call.state.guests.values(), ...call.state.containers.values()];
      if (members.some(({ resourcePool }) => resourcePool === pool))
        throw failed(`delete pool failed: pool '${pool}' is not empty`);
      pools.splice(pools.indexOf(pool), 1);
      return { data: null };
    },
  },
];

function needPool({ state, values }: Call): string {
  const pool = values.text("poolid") ?? "";
  if (!state.spec.resourcePools.includes(pool)) throw failed(`pool '${pool}' does not exist`);
  return pool;
}
