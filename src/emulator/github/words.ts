import type { Chance } from "../../domain/naming.ts";
import type { Instant } from "../../domain/time.ts";

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789abcdefghijklmnopqrstuvwxyz";

/** Text that nobody can guess: 36 letters hold more than 200 bits. */
export const randomText = (chance: Chance, length: number): string =>
  Array.from({ length }, () => letters[chance.below(letters.length)]).join("");

export function randomGuid(chance: Chance): string {
  const hex = Array.from({ length: 32 }, () => chance.below(16).toString(16)).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/** GitHub writes times to the second. */
export const stamp = (at: Instant): string => `${new Date(at).toISOString().slice(0, 19)}Z`;
