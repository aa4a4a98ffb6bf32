import type { Fate } from "./guest.ts";
import type { Random } from "./random.ts";

interface Shadow {
  readonly name: string;
  readonly draw: () => Fate | null;
}

/** What guests that start now may meet. */
export class Fates {
  readonly #shadows = new Set<Shadow>();
  readonly #count: (kind: string) => void;

  constructor(count: (kind: string) => void) {
    this.#count = count;
  }

  /** Some of the guests that start from now on meet it, until it ends. */
  begin(name: string, random: Random, share: number, fate: () => Fate): () => void {
    const shadow = { name, draw: () => (random.happens(share) ? fate() : null) };
    this.#shadows.add(shadow);
    return () => void this.#shadows.delete(shadow);
  }

  draw(): Fate {
    for (const { name, draw } of this.#shadows) {
      const fate = draw();
      if (fate === null) continue;
      this.#count(name);
      return fate;
    }
    return { kind: "well" };
  }
}
