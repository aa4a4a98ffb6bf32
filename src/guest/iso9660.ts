/** The unit in which everything on the disc is placed. */
export const SECTOR = 2048;

export const sectorsFor = (bytes: number): number => Math.ceil(bytes / SECTOR);

/** The standard stores most numbers twice, for machines of both byte orders. */
export const both16 = (n: number): Uint8Array => join(le16(n), be16(n));
export const both32 = (n: number): Uint8Array => join(le32(n), be32(n));

export const le16 = (n: number): Uint8Array => Uint8Array.of(n & 0xff, n >>> 8);
export const be16 = (n: number): Uint8Array => le16(n).reverse();
export const le32 = (n: number): Uint8Array => Uint8Array.of(n & 0xff, (n >>> 8) & 0xff, (n >>> 16) & 0xff, n >>> 24);
export const be32 = (n: number): Uint8Array => le32(n).reverse();

/** How text stands in a volume: one byte per character, or Joliet's two, high byte first. */
export type Script = (text: string) => Uint8Array;

export const ascii: Script = (text) => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
export const ucs2: Script = (text) => join(...Array.from(text, (letter) => be16(letter.charCodeAt(0))));

export function join(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
