import type { Verdicts } from "./verdicts.ts";

/** All that must not be seen, and a look at all that can be seen. */
export class Secrets {
  readonly #verdicts: Verdicts;
  readonly #known = new Set<string>();
  #together = "";

  constructor(verdicts: Verdicts) {
    this.#verdicts = verdicts;
  }

  learn(secret: string): void {
    if (this.#known.has(secret)) return;
    this.#known.add(secret);
    this.#together += `${secret}\n`;
  }

  /** A good part of a secret is as bad as all of it. */
  look(where: string, text: string): void {
    this.#verdicts.exercise("no secret where it does not belong");
    for (const [word] of text.matchAll(/[\w+/=.-]{18,}/g)) {
      const whole = word.length > 28 && [...this.#known].some((secret) => word.includes(secret));
      if (!whole && !this.#together.includes(word)) continue;
      this.#verdicts.violate("no secret where it does not belong", `${where}: ${word.slice(0, 6)}…`);
    }
  }
}
