import { containerDigest, needContainer } from "./container.ts";
import { aFlag, aText, configId, maybe } from "./formats.ts";
import { onGuest } from "./guest-calls.ts";
import { failed } from "./refusal.ts";
import type { Answer, Call, Route } from "./router.ts";

const root = "/nodes/{node}/lxc/{vmid}/snapshot";
const snapname = { ...configId, maxLength: 40 } as const;

/** A raw image on a directory cannot hold a snapshot, and a container's root is always one here. */
export const lxcSnapshotCalls: readonly Route[] = [
  {
    method: "GET",
    path: root,
    call: "lxc.snapshots",
    needs: onGuest("VM.Audit"),
    answer: ({ state, node, vmid }) => {
      const container = needContainer(state, node, vmid);
      const running = container.running === null ? 0 : 1;
      const digest = containerDigest(container);
      return { data: [{ name: "current", description: "You are here!", digest, running }] };
    },
  },
  {
    method: "POST",
    path: root,
    call: "lxc.snapshot",
    parameters: { snapname, description: maybe(aText) },
    needs: onGuest("VM.Snapshot"),
    answer: (call) => {
      if (call.values.text("snapname") === "current") {
        throw failed("unable to use snapshot name 'current' (reserved name)");
      }
      return refused(call, "vzsnapshot", "snapshot feature is not available");
    },
  },
  {
    method: "POST",
    path: `${root}/{snapname}/rollback`,
    call: "lxc.rollback",
    parameters: { snapname, start: maybe(aFlag) },
    needs: onGuest("VM.Snapshot", "VM.Snapshot.Rollback"),
    answer: (call) => refused(call, "vzrollback", missing(call)),
  },
  {
    method: "DELETE",
    path: `${root}/{snapname}`,
    call: "lxc.snapshot.delete",
    parameters: { snapname, force: maybe(aFlag) },
    needs: onGuest("VM.Snapshot"),
    answer: (call) => refused(call, "vzdelsnapshot", missing(call)),
  },
];

const missing = ({ values }: Call): string => `snapshot '${values.text("snapname")}' does not exist`;

function refused({ state, node, vmid, token }: Call, type: string, why: string): Answer {
  needContainer(state, node, vmid);
  const order = { node, type, id: String(vmid), token: token.id };
  return { data: state.tasks.start(order, () => Promise.reject(failed(why))).upid };
}
