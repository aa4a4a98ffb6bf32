import { z } from "zod";
import type { PveHttp } from "./http.ts";

/** What PVE's HA manager is asked to bring about. `ignored`: it keeps its hands off, and every call does what it says. */
export type HaState = "started" | "stopped" | "disabled" | "ignored";

export interface HaResource {
  /** `ct:105`. */
  readonly sid: string;
  readonly state: HaState;
}

/** What concerns guests that PVE itself starts elsewhere when their node fails. */
export interface HaCalls {
  haResources(signal: AbortSignal): Promise<readonly HaResource[]>;
  addHaResource(resource: HaResource, limits: HaLimits, signal: AbortSignal): Promise<void>;
  setHaState(sid: string, state: HaState, signal: AbortSignal): Promise<void>;
  /** The guest stays as it is. */
  removeHaResource(sid: string, signal: AbortSignal): Promise<void>;
}

/** How often it is tried again, on its node and on others. */
export interface HaLimits {
  readonly restarts: number;
  readonly relocations: number;
}

export function haCalls(http: PveHttp): HaCalls {
  const root = ["cluster", "ha", "resources"];
  const silent = { schema: z.unknown() };
  return {
    haResources: (signal) => http.get(root, { schema: z.array(resourceData), signal }),
    async addHaResource({ sid, state }, { restarts, relocations }, signal) {
      const form = { sid, state, max_restart: restarts, max_relocate: relocations };
      await http.post(root, { ...silent, form, signal });
    },
    async setHaState(sid, state, signal) {
      await http.put([...root, sid], { ...silent, form: { state }, signal });
    },
    async removeHaResource(sid, signal) {
      await http.delete([...root, sid], { ...silent, signal });
    },
  };
}

const resourceData = z.object({
  sid: z.string(),
  /** `enabled` is an older word. */
  state: z
    .enum(["started", "stopped", "disabled", "ignored", "enabled"])
    .default("started")
    .transform((state): HaState => (state === "enabled" ? "started" : state)),
});
