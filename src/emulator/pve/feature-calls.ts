import { drivesOf, isDisk, splitVolume } from "./drives.ts";
import { configId, maybe, oneOf } from "./formats.ts";
import { type Config, isTemplate } from "./guest.ts";
import { onGuest } from "./guest-calls.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";
import { holdsSnapshots } from "./snapshots.ts";
import { needGuest, type PveState } from "./state.ts";

export const featureCalls: readonly Route[] = [
  {
    method: "GET",
    path: "/nodes/{node}/qemu/{vmid}/feature",
    call: "feature",
    parameters: { feature: oneOf("snapshot", "clone", "copy"), snapname: maybe({ ...configId, maxLength: 40 }) },
    needs: onGuest("VM.Audit"),
    answer: feature,
  },
];

/** Whether all disks can do it, and where: it does not say which one cannot. */
function feature({ state, node, vmid, values }: Call): Answer {
  const guest = needGuest(state, node, vmid);
  const taken = values.text("snapname");
  const config = taken === undefined ? guest.config : guest.snapshots.get(taken)?.config;
  if (config === undefined) throw failed(`snapshot '${taken}' does not exist`);
  const can = {
    snapshot: holdsSnapshots(config),
    clone: isTemplate(guest) && taken === undefined,
    copy: true,
  }[values.text("feature") as "snapshot" | "clone" | "copy"];
  return { data: { hasFeature: can ? 1 : 0, nodes: nodesOf(state, node, config) } };
}

function nodesOf({ spec }: PveState, node: string, config: Config): readonly string[] {
  const storages = new Set(
    drivesOf(config).flatMap(([, drive]) => (isDisk(drive) ? [splitVolume(drive.volume)?.storage] : [])),
  );
  const shared = spec.storages.filter(({ name }) => storages.has(name)).every((storage) => storage.shared);
  return shared ? spec.nodes.map(({ name }) => name) : [node];
}
