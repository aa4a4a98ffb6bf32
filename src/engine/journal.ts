import { hasCode } from "../domain/errors.ts";
import type { GuestName, InstanceName, Vmid } from "../domain/ids.ts";
import type { Clock } from "../domain/time.ts";
import {
  type Call,
  closing,
  type Intent,
  type Outcome,
  opening,
  type Past,
  readJournal,
  title,
} from "./journal-text.ts";

/** Where the journal's lines are kept. A file that cannot be written costs history, never safety. */
export interface JournalFile {
  /** Null where there is none. */
  read(): string | null;
  append(text: string): void;
  /** Whole, or not at all. */
  replace(text: string): void;
}

export interface JournalOptions {
  /** Null: nothing is kept. */
  readonly file: JournalFile | null;
  readonly instance: InstanceName;
  readonly clock: Clock;
  /** Told once when writing fails, and once when it works again. */
  readonly onTrouble: (error: unknown) => void;
}

/** Characters. Past that, only what is open and what is recent is kept. */
const bound = 512 * 1024;

const mostNames = 1_000;

/** What this process is about to change, written down before, and how it went, after. */
export class Journal {
  /** Guests that we have removed, in this life or one before. */
  readonly destroyed: ReadonlySet<GuestName>;
  readonly #destroyed: Set<GuestName>;
  readonly #open: ReadonlyMap<number, Intent>;
  readonly #options: JournalOptions;
  #size = 0;
  #next: number;
  #troubled = false;

  constructor(options: JournalOptions) {
    this.#options = options;
    const { file, instance } = options;
    const text = this.#try(() => file?.read() ?? null) ?? null;
    const past = readJournal(text ?? "", instance);
    this.#next = past.next;
    this.#open = past.open;
    this.#destroyed = new Set(past.destroyed);
    this.destroyed = this.#destroyed;
    // A torn last line, another instance's journal, or too long a one: begun anew with what is worth keeping.
    this.#rewrite(past);
    // Whether the others happened shows in the guests themselves; a clone may still be on its way.
    for (const [id, intent] of this.#open) if (intent.call !== "clone") this.#close(id, "unknown");
  }

  /** VMIDs that an earlier life began to clone to, without an end. */
  clones(): readonly Vmid[] {
    return [...this.#open.values()].flatMap(({ call, vmid }) => (call === "clone" && vmid !== null ? [vmid] : []));
  }

  /** What became of such a clone is known. */
  settled(vmid: Vmid): void {
    for (const [id, intent] of this.#open) {
      if (intent.call === "clone" && intent.vmid === vmid) this.#close(id, "unknown");
    }
  }

  /** Leaves the intent, does the work, and closes the intent with how it went. */
  async around<T>(intent: Intent, work: () => Promise<T>): Promise<T> {
    const id = this.#next++;
    this.#write(opening(id, intent, this.#options.clock.now()));
    try {
      const result = await work();
      this.#close(id, "done");
      if (intent.call === "destroy" && intent.name !== null) this.#gone(intent.name);
      return result;
    } catch (error) {
      this.#close(id, hasCode(error, "lost_answer", "timeout") ? "unknown" : "failed");
      throw error;
    }
  }

  /** The same for a guest. */
  guest<T>(call: Call, { vmid, name }: { vmid: Vmid; name: GuestName }, work: () => Promise<T>): Promise<T> {
    return this.around({ call, vmid, name }, work);
  }

  #gone(name: GuestName): void {
    const [oldest] = this.#destroyed;
    if (oldest !== undefined && this.#destroyed.size >= mostNames) this.#destroyed.delete(oldest);
    this.#destroyed.add(name);
  }

  #close(id: number, outcome: Outcome): void {
    this.#write(closing(id, outcome, this.#options.clock.now()));
  }

  #write(line: string): void {
    if (this.#size + line.length > bound) this.#compact();
    this.#size += line.length;
    this.#try(() => this.#options.file?.append(line));
  }

  #compact(): void {
    const { file, instance } = this.#options;
    this.#rewrite(readJournal(this.#try(() => file?.read() ?? null) ?? "", instance));
  }

  #rewrite({ keep }: Past): void {
    const text = `${title(this.#options.instance)}${keep.join("")}`;
    this.#size = text.length;
    this.#try(() => this.#options.file?.replace(text));
  }

  #try<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.#troubled = false;
      return result;
    } catch (error) {
      if (!this.#troubled) this.#options.onTrouble(error);
      this.#troubled = true;
      return undefined;
    }
  }
}
