import { spellRange, type VmidRange } from "../domain/vmids.ts";
import { bad, good, type Read } from "./read.ts";
import { oneOf, wholeNumber } from "./readers.ts";

/** Used for the environment and for the file alike: a value means the same in both. */
export const maxReader = wholeNumber({ least: 1, most: 100_000 });
export const coresReader = wholeNumber({ least: 1, most: 8192 });
export const cloneReader = oneOf(["linked", "full"]);
export const deliveryReader = oneOf(["iso", "snippets", "agent"]);
export const registrationReader = oneOf(["jit", "token"]);

/** Both ends, once each of them is a VMID. */
export const rangeBetween = (range: VmidRange): Read<VmidRange> =>
  range.first <= range.last
    ? good(range)
    : bad(`VMIDs ${spellRange(range)} are no range: the first is above the last; swap them`);
