/** A terminal's line: what is typed is echoed unless that is off, and becomes a line with Enter. */
export class LineDiscipline {
  echo = true;
  #line = "";
  readonly #print: (text: string) => void;
  readonly #onLine: (line: string) => void;

  constructor(print: (text: string) => void, onLine: (line: string) => void) {
    this.#print = print;
    this.#onLine = onLine;
  }

  type(bytes: Uint8Array): void {
    for (const letter of Buffer.from(bytes).toString("utf8")) {
      if (letter === "\r" || letter === "\n") {
        if (this.echo) this.#print("\r\n");
        const line = this.#line;
        this.#line = "";
        this.#onLine(line);
      } else if (letter === "\u0003") this.#line = "";
      // A real one drops what exceeds its buffer.
      else if (this.#line.length < longest) {
        if (this.echo) this.#print(letter);
        this.#line += letter;
      }
    }
  }
}

const longest = 4095;
