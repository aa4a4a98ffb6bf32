import { asVmid, type Vmid } from "./ids.ts";

/** Inclusive on both ends. */
export interface VmidRange {
  readonly first: Vmid;
  readonly last: Vmid;
}

export const inRange = (vmid: Vmid, range: VmidRange): boolean => vmid >= range.first && vmid <= range.last;

export const overlap = (a: VmidRange, b: VmidRange): boolean => a.first <= b.last && b.first <= a.last;

export const sizeOf = (range: VmidRange): number => range.last - range.first + 1;

export const spellRange = (range: VmidRange): string => `${range.first}-${range.last}`;

/** The range's VMIDs that nobody is known to use, lowest first. Whether PVE agrees is asked at the clone. */
export function* candidates(range: VmidRange, taken: ReadonlySet<Vmid>): Generator<Vmid> {
  for (let id = range.first as number; id <= range.last; id++) {
    if (!taken.has(asVmid(id))) yield asVmid(id);
  }
}
