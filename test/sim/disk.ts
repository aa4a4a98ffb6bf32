import type { JournalFile } from "../../src/engine/journal.ts";

/** Who writes: a dead one's writes never come to the disk. */
interface Writing {
  alive(): boolean;
  reaches(moment: "written", what: string): void;
}

const betweenCopies = 40;

/** The one file of a daemon's machine, and a few copies of it that somebody once made. */
export class Disk {
  #text: string | null = null;
  #copies: string[] = [];
  #writes = 0;

  fileFor(writer: Writing): JournalFile {
    const write = (text: string): void => {
      if (!writer.alive()) return;
      this.#text = text;
      this.#writes += 1;
      if (this.#writes % betweenCopies === 0) this.#copies = [...this.#copies.slice(-3), text];
      writer.reaches("written", "the journal");
    };
    return {
      read: () => (writer.alive() ? this.#text : null),
      append: (text) => write(`${this.#text ?? ""}${text}`),
      replace: write,
    };
  }

  length(): number {
    return this.#text?.length ?? 0;
  }

  wipe(): void {
    this.#text = null;
  }

  /** As after a restore: what was written since is gone. False where no copy was made yet. */
  restoreOld(): boolean {
    const [oldest] = this.#copies;
    if (oldest === undefined) return false;
    this.#text = oldest;
    return true;
  }

  /** The last line is torn, as after a power cut. */
  tear(letters: number): void {
    if (this.#text !== null) this.#text = this.#text.slice(0, Math.max(0, this.#text.length - letters));
  }
}
