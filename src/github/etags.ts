import { createHash } from "node:crypto";
import type { Secret } from "../domain/secret.ts";

/** An answer that GitHub need not send again: asking whether it still holds costs no rate-limit points. */
export interface Remembered {
  /** With its quotes and its `W/`, as it came. */
  readonly etag: string;
  /** JSON of the fields that we read: as text it takes the least memory, and its size is known. */
  readonly body: string;
  /** What the body was found to be of. */
  readonly shape: unknown;
}

/** Holds the most recently used answers; the others are asked for in full again. */
export class EtagCache {
  readonly #room: number;
  readonly #entries = new Map<string, Remembered>();
  #filled = 0;

  /** `room`: characters of all bodies together. */
  constructor(room: number) {
    this.#room = room;
  }

  get(key: string): Remembered | null {
    const entry = this.#entries.get(key);
    if (entry === undefined) return null;
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    return entry;
  }

  set(key: string, entry: Remembered): void {
    this.#drop(key);
    this.#entries.set(key, entry);
    this.#filled += entry.body.length;
    for (const oldest of this.#entries.keys()) {
      if (this.#filled <= this.#room) return;
      this.#drop(oldest);
    }
  }

  #drop(key: string): void {
    this.#filled -= this.#entries.get(key)?.body.length ?? 0;
    this.#entries.delete(key);
  }
}

/** GitHub computes ETags per token and per form of the answer. */
export const etagKey = (fingerprint: string, accept: string, url: string): string => `${fingerprint} ${accept} ${url}`;

/** Tells tokens apart without giving them away. */
export const fingerprintOf = (token: Secret): string =>
  createHash("sha256").update(token.reveal()).digest("hex").slice(0, 16);
