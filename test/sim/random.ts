import type { Chance } from "../../src/domain/naming.ts";
import type { Ms } from "../../src/domain/time.ts";

/** One stream of chance. Streams of the same seed and name are equal, whatever other streams are asked for. */
export class Random implements Chance {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number, name: string) {
    let hash = 2_166_136_261;
    for (const letter of `${seed} ${name}`) hash = Math.imul(hash ^ letter.charCodeAt(0), 16_777_619);
    this.#a = hash | 0;
    this.#b = seed | 0;
    this.#c = ~hash | 0;
    for (let n = 0; n < 12; n++) this.#next();
  }

  below(limit: number): number {
    return Math.floor((this.#next() / 4_294_967_296) * limit);
  }

  /** From 0 up to, not including, 1. */
  fraction(): number {
    return this.#next() / 4_294_967_296;
  }

  happens(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** Whole, both ends included. */
  between(least: number, most: number): number {
    return least + this.below(most - least + 1);
  }

  ms(least: Ms, most: Ms): Ms {
    return this.between(least, most);
  }

  pick<const T>(from: readonly [T, ...T[]]): T;
  pick<T>(from: readonly T[]): T | undefined;
  pick<T>(from: readonly T[]): T | undefined {
    return from[this.below(from.length)];
  }

  #next(): number {
    const sum = (this.#a + this.#b + this.#counter++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = ((this.#c << 21) | (this.#c >>> 11)) + sum;
    return sum >>> 0;
  }
}
