import { z } from "zod";
import type { NodeName, StorageName } from "../domain/ids.ts";
import type { PveHttp } from "./http.ts";

export interface StorageStatus {
  /** `dir`, `lvmthin`, `zfspool` and so on. */
  readonly type: string;
  readonly content: readonly string[];
  readonly active: boolean;
  readonly enabled: boolean;
  /** Bytes. Null where PVE does not know. */
  readonly free: number | null;
  readonly total: number | null;
}

/** Reads that only an inspection needs: the daemon itself works without them. */
export interface InspectCalls {
  storageStatus(node: NodeName, storage: StorageName, signal: AbortSignal): Promise<StorageStatus>;
  /** Bridges of a node that the token may use or see: PVE hides the others. */
  bridges(node: NodeName, signal: AbortSignal): Promise<readonly string[]>;
}

export function inspectCalls(http: PveHttp): InspectCalls {
  return {
    async storageStatus(node, storage, signal) {
      const path = ["nodes", node, "storage", storage, "status"];
      const { type, content, active, enabled, avail, total } = await http.get(path, { schema: storageData, signal });
      return { type, content: content.split(/[,;\s]+/).filter(Boolean), active, enabled, free: avail, total };
    },

    async bridges(node, signal) {
      const query = { type: "any_bridge" };
      const found = await http.get(["nodes", node, "network"], { schema: bridgesData, signal, query });
      return found.map(({ iface }) => iface).sort();
    },
  };
}

const flag = z
  .union([z.boolean(), z.literal([0, 1, "0", "1", ""])])
  .nullish()
  // Left out means that nothing speaks against it.
  .transform((value) => value !== false && value !== 0 && value !== "0" && value !== "");
const bytes = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .nullish()
  .transform((value) => value ?? null);

const storageData = z.looseObject({
  type: z.string(),
  content: z.string().default(""),
  active: flag,
  enabled: flag,
  avail: bytes,
  total: bytes,
});

const bridgesData = z.array(z.looseObject({ iface: z.string().min(1) }));
