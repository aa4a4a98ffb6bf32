export interface Notice {
  readonly level: "info" | "warn";
  readonly text: string;
}

/** Tells people of a condition once, not in every pass. */
export class Notify {
  readonly #tell: (notice: Notice) => void;
  readonly #told = new Set<string>();

  constructor(tell: (notice: Notice) => void) {
    this.#tell = tell;
  }

  once(condition: string, level: Notice["level"], text: string): void {
    if (this.#told.has(condition)) return;
    this.#told.add(condition);
    this.#tell({ level, text });
  }

  /** The next time is news again. */
  over(condition: string): void {
    this.#told.delete(condition);
  }
}
