import type { PveState } from "../../src/emulator/pve/state.ts";

/** What a cluster is made of: all that a bootstrap could leave behind. What only happened (tasks, sessions, locks) is not. */
export function wholeOf(state: PveState): unknown {
  const { spec, guests, containers, volumes, nodeConfigs, poolComments, haResources } = state;
  return structuredClone({
    spec,
    guests: [...guests.values()].map(({ vmid, node, config, pending, resourcePool, power, snapshots }) => {
      return { vmid, node, config, pending, resourcePool, power: power.kind, snapshots };
    }),
    containers: [...containers.values()].map(({ vmid, node, config, resourcePool }) => {
      return { vmid, node, config, resourcePool };
    }),
    volumes: volumes.all(),
    nodeConfigs,
    poolComments,
    haResources,
  });
}
