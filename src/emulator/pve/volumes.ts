import type { Instant } from "../../domain/time.ts";
import type { Content } from "./spec.ts";

/** A file or a disk on a storage. Its content is overwritten in place: whoever has it open sees the new bytes. */
export interface Volume {
  /** `storage:name`. */
  readonly id: string;
  readonly storage: string;
  readonly content: Content;
  /** The guest that a disk belongs to. */
  readonly owner: number | null;
  origin: "foreign" | "made" | "uploaded";
  /** Disks and foreign files have a size and no bytes. */
  bytes: Uint8Array;
  size: number;
  changedAt: Instant;
  /** A container's archive with programs alone, and no distribution around them. */
  readonly bare?: boolean;
}

export class Volumes {
  readonly #all = new Map<string, Volume>();
  #deleted: (id: string) => void = () => {};

  get(id: string): Volume | undefined {
    return this.#all.get(id);
  }

  set(volume: Volume): void {
    this.#all.set(volume.id, volume);
  }

  delete(id: string): void {
    if (this.#all.delete(id)) this.#deleted(id);
  }

  /** For whoever keeps a real file behind a volume. */
  whenDeleted(tell: (id: string) => void): void {
    this.#deleted = tell;
  }

  all(): readonly Volume[] {
    return [...this.#all.values()];
  }
}

/** As PVE writes it in a drive: in the largest unit that divides it. */
export function spellSize(bytes: number): string {
  const units = ["", "K", "M", "G", "T"];
  let amount = bytes;
  let unit = 0;
  while (amount > 0 && amount % 1024 === 0 && unit < units.length - 1) {
    amount /= 1024;
    unit++;
  }
  return `${amount}${units[unit] ?? ""}`;
}

export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?)([KMGT]?)$/.exec(text);
  if (match === null) return null;
  const factor = { "": 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3, T: 1024 ** 4 }[match[2] ?? ""] ?? 1;
  return Math.ceil(Number(match[1]) * factor);
}

export const holdsContent = (bytes: Uint8Array): boolean => bytes.some((byte) => byte !== 0);
