import type { StorageSpec } from "./spec.ts";
import type { PveState } from "./state.ts";

const GiB = 1024 ** 3;

export function usageOf(state: PveState, storage: StorageSpec): { used: number; total: number; avail: number } {
  const total = storage.sizeGiB * GiB;
  let used = 0;
  for (const volume of state.volumes.all()) if (volume.storage === storage.name) used += volume.size;
  return { total, used, avail: Math.max(0, total - used) };
}
