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

/** The last VMID of a range: it carries the lease, and is never a throw-away guest's. */
export const leaseVmid = (range: VmidRange): Vmid => range.last;

/** How many guests a range has room for. */
export const roomIn = (range: VmidRange): number => sizeOf(range) - 1;

/** The range's VMIDs that nobody is known to use, lowest first. Whether PVE agrees is asked at the clone. */
export function* candidates(range: VmidRange, taken: ReadonlySet<Vmid>): Generator<Vmid> {
  for (let id = range.first as number; id < leaseVmid(range); id++) {
    if (!taken.has(asVmid(id))) yield asVmid(id);
  }
}
