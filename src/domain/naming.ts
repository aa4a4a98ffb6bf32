import { asGuestName, type GuestName } from "./ids.ts";

/** Ten letters of a 32-letter alphabet without look-alikes: 50 bits, so that no two guests ever share a name. */
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
const nonceLength = 10;

/** Where chance comes from: whole numbers from 0 up to, not including, `below`. */
export interface Chance {
  below(limit: number): number;
}

export function newNonce(chance: Chance): string {
  return Array.from({ length: nonceLength }, () => alphabet[chance.below(alphabet.length)]).join("");
}

export const guestNameOf = (prefix: string, nonce: string): GuestName => asGuestName(`${prefix}-${nonce}`);

/** The nonce in a name that we may have given; null for any other name. */
export function nonceIn(name: string, prefix: string): string | null {
  if (!name.startsWith(`${prefix}-`)) return null;
  const nonce = name.slice(prefix.length + 1);
  return nonce.length === nonceLength && [...nonce].every((letter) => alphabet.includes(letter)) ? nonce : null;
}

/** A DNS label holds 63 characters, a GitHub runner name 64. */
export const longestPrefix = 63 - 1 - nonceLength;
