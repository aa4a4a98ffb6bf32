import { z } from "zod";
import type { NodeName, Upid, Vmid } from "../domain/ids.ts";
import { type Instant, SECOND } from "../domain/time.ts";
import { guestPath } from "./guest-calls.ts";
import type { PveHttp } from "./http.ts";
import { flag, number, optionalText, upidData } from "./wire.ts";

export interface Snapshot {
  readonly name: string;
  readonly description: string;
  readonly parent: string | null;
  readonly takenAt: Instant;
  /** It holds the guest's memory: after a rollback the guest runs on. */
  readonly memory: boolean;
}

/** What concerns the snapshots of one virtual machine. */
export interface SnapshotCalls {
  /** Oldest first, without PVE's entry `current`. */
  snapshots(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<Snapshot[]>;
  /** Whether the formats and storages of all its disks hold snapshots: PVE does not say which of them does not. */
  canSnapshot(node: NodeName, vmid: Vmid, signal: AbortSignal): Promise<boolean>;
  /** `memory` of a guest that is off is ignored by PVE. */
  takeSnapshot(
    node: NodeName,
    vmid: Vmid,
    snapshot: { readonly name: string; readonly description: string | null; readonly memory: boolean },
    signal: AbortSignal,
  ): Promise<Upid>;
  /**
   * Takes the configuration back as well, tags and description included. PVE 9 holds the guest's lock for half a minute
   * after the rollback of a guest that runs, or was stopped less than three seconds before.
   */
  rollback(
    node: NodeName,
    vmid: Vmid,
    name: string,
    how: { readonly start: boolean },
    signal: AbortSignal,
  ): Promise<Upid>;
  deleteSnapshot(node: NodeName, vmid: Vmid, name: string, signal: AbortSignal): Promise<Upid>;
}

export function snapshotCalls(http: PveHttp): SnapshotCalls {
  const pathOf = (node: NodeName, vmid: Vmid) => [...guestPath(node, vmid), "snapshot"];

  return {
    async snapshots(node, vmid, signal) {
      const found = await http.get(pathOf(node, vmid), { schema: snapshotsData, signal });
      return found
        .filter(({ name }) => name !== "current")
        .map(({ name, description, parent, snaptime, vmstate }) => {
          return { name, description: description ?? "", parent, takenAt: (snaptime ?? 0) * SECOND, memory: vmstate };
        })
        .sort((a, b) => a.takenAt - b.takenAt || (a.name < b.name ? -1 : 1));
    },

    async canSnapshot(node, vmid, signal) {
      const path = [...guestPath(node, vmid), "feature"];
      const { hasFeature } = await http.get(path, { schema: featureData, signal, query: { feature: "snapshot" } });
      return hasFeature;
    },

    takeSnapshot(node, vmid, { name, description, memory }, signal) {
      const form = { snapname: name, description, vmstate: memory };
      return http.post(pathOf(node, vmid), { schema: upidData, signal, form });
    },

    // PVE 9 wants VM.PowerMgmt as soon as `start` is asked for.
    rollback(node, vmid, name, { start }, signal) {
      const form = start ? { start } : {};
      return http.post([...pathOf(node, vmid), name, "rollback"], { schema: upidData, signal, form });
    },

    deleteSnapshot: (node, vmid, name, signal) =>
      http.delete([...pathOf(node, vmid), name], { schema: upidData, signal }),
  };
}

const featureData = z.looseObject({ hasFeature: flag });

const snapshotsData = z.array(
  z.looseObject({
    name: z.string().min(1),
    description: optionalText,
    parent: optionalText,
    snaptime: number.nullish(),
    vmstate: flag,
  }),
);
