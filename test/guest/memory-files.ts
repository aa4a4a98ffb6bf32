import type { SnippetFiles } from "../../src/guest/snippet-files.ts";

/** One folder in memory, with Node's errors. */
export class MemoryFiles implements SnippetFiles {
  readonly content = new Map<string, string>();
  /** What each call fails with, where it shall. */
  failure: string | null = null;
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async create(path: string, text: string): Promise<void> {
    this.#reach();
    if (this.content.has(this.#name(path))) throw systemError("EEXIST");
    this.content.set(this.#name(path), text);
  }

  async rename(from: string, to: string): Promise<void> {
    this.content.set(this.#name(to), this.#existing(from));
    this.content.delete(this.#name(from));
  }

  async wipe(path: string): Promise<void> {
    this.#existing(path);
    this.content.set(this.#name(path), "");
  }

  async remove(path: string): Promise<void> {
    this.#existing(path);
    this.content.delete(this.#name(path));
  }

  async list(): Promise<{ name: string; size: number }[]> {
    this.#reach();
    return [...this.content].map(([name, text]) => ({ name, size: text.length }));
  }

  #name(path: string): string {
    if (!path.startsWith(`${this.#folder}/`)) throw new Error(`${path} is outside ${this.#folder}`);
    return path.slice(this.#folder.length + 1);
  }

  #existing(path: string): string {
    this.#reach();
    const text = this.content.get(this.#name(path));
    if (text === undefined) throw systemError("ENOENT");
    return text;
  }

  #reach(): void {
    if (this.failure !== null) throw systemError(this.failure);
  }
}

const systemError = (code: string): Error => Object.assign(new Error(`${code}: as the test wished`), { code });
