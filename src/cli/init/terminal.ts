import { createInterface, type Interface } from "node:readline/promises";
import { Writable } from "node:stream";
import { DispatcherError } from "../../domain/errors.ts";
import { Secret } from "../../domain/secret.ts";
import type { Interview, Question, SecretQuestion } from "./interview.ts";

/** A person is asked, one question at a time, and again until the answer can be used. */
export class Terminal implements Interview {
  readonly problems: string[] = [];
  readonly #lines: Interface;
  readonly #out: NodeJS.WritableStream;
  readonly #env: Readonly<Record<string, string | undefined>>;
  readonly #stop: AbortSignal;
  readonly #typed: string[] = [];
  #waiting: { readonly take: (line: string) => void; readonly leave: (why: unknown) => void } | null = null;
  #ended = false;
  #muted = false;

  constructor(around: {
    readonly input: NodeJS.ReadableStream;
    readonly output: NodeJS.WritableStream;
    readonly env: Readonly<Record<string, string | undefined>>;
    readonly stop: AbortSignal;
  }) {
    this.#out = around.output;
    this.#env = around.env;
    this.#stop = around.stop;
    // Readline echoes each key by itself; what must not be seen is kept from its output.
    const echo = new Writable({
      write: (chunk: Buffer, _, done) => {
        if (!this.#muted) this.#out.write(chunk);
        done();
      },
    });
    this.#lines = createInterface({ input: around.input, output: echo, terminal: true });
    this.#lines.on("line", (line) => (this.#waiting === null ? this.#typed.push(line) : this.#waiting.take(line)));
    this.#lines.once("close", () => {
      this.#ended = true;
      this.#waiting?.leave(ended());
    });
    this.#stop.addEventListener("abort", () => this.#waiting?.leave(this.#stop.reason), { once: true });
  }

  tell(line: string): void {
    this.#out.write(`${line}\n`);
  }

  object(problem: string): void {
    this.problems.push(problem);
  }

  async ask<T>({ what, reader, fallback, found }: Question<T>): Promise<T | null> {
    if (found !== undefined && found.length > 0) this.tell(`  found: ${found.join(", ")}`);
    const offer = fallback === null || fallback === "" ? "" : ` [${fallback}]`;
    for (;;) {
      const answer = (await this.#question(`${what}${offer}: `)) || fallback;
      const read = answer === null ? null : reader(answer);
      if (read?.ok === true) return read.value;
      for (const problem of read?.problems ?? ["an answer is needed"]) this.tell(`  ${problem}`);
    }
  }

  async askSecret({ what, variables, needed }: SecretQuestion): Promise<Secret | null> {
    const variable = variables.find((name) => this.#env[name]?.trim());
    if (variable !== undefined) {
      this.tell(`${what}: taken from ${variable}`);
      return new Secret(this.#env[variable]?.trim() ?? "");
    }
    for (;;) {
      this.#out.write(`${what} (not shown): `);
      this.#muted = true;
      const answer = await this.#question("").finally(() => {
        this.#muted = false;
        this.#out.write("\n");
      });
      if (answer !== "") return new Secret(answer);
      if (!needed) return null;
      this.tell("  an answer is needed");
    }
  }

  close(): void {
    this.#lines.close();
  }

  /** What was typed before it was asked for counts as well. */
  async #question(text: string): Promise<string> {
    const early = this.#typed.shift();
    if (early !== undefined) this.#out.write(this.#muted ? "" : `${text}${early}\n`);
    const line = early ?? (await this.#nextLine(text));
    return line.trim();
  }

  async #nextLine(text: string): Promise<string> {
    this.#stop.throwIfAborted();
    if (this.#ended) throw ended();
    const line = new Promise<string>((take, leave) => {
      this.#waiting = { take, leave };
    });
    this.#lines.setPrompt(text);
    this.#lines.prompt();
    try {
      return await line;
    } finally {
      this.#waiting = null;
    }
  }
}

const ended = (): Error => new DispatcherError("invalid", "the questions: the input has ended");
