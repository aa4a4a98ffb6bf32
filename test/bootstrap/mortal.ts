import type { Tools } from "../../src/bootstrap/tools.ts";
import type { Console } from "../../src/proxmox/console.ts";
import type { Fetch } from "../../src/proxmox/http.ts";

/**
 * A life that ends right before its n-th step: a change on PVE, a word in the record, a line at the console. From then on
 * nothing that the process still does reaches anybody, so that nothing is taken back either.
 */
export class Life {
  readonly #last: number;
  readonly #ends: (() => void)[] = [];
  #steps = 0;

  constructor(last = Number.POSITIVE_INFINITY) {
    this.#last = last;
  }

  get over(): boolean {
    return this.#steps >= this.#last;
  }

  step(): void {
    this.breathe();
    this.#steps++;
    if (this.over) for (const end of this.#ends) end();
    this.breathe();
  }

  breathe(): void {
    if (this.over) throw new Error(`killed before step ${this.#last}`);
  }

  whenOver(work: () => void): void {
    this.#ends.push(work);
  }
}

export const mortalFetch =
  (life: Life, fetch: Fetch): Fetch =>
  async (address, init) => {
    if (init.method === "GET") life.breathe();
    else life.step();
    return fetch(address, init);
  };

type Doors = Pick<Tools, "record" | "openConsole">;

export const mortalDoors = (life: Life, { record, openConsole }: Doors): Doors => ({
  record: {
    read: () => record.read(),
    write(text) {
      life.step();
      record.write(text);
    },
    remove() {
      life.step();
      record.remove();
    },
  },
  async openConsole(guest, ticket, signal) {
    life.step();
    const console = await openConsole(guest, ticket, signal);
    life.whenOver(() => console.close());
    return mortalConsole(life, console);
  },
});

function mortalConsole(life: Life, console: Console): Console {
  let atStart = true;
  return {
    output: console.output,
    resize: (columns, rows) => console.resize(columns, rows),
    type(text) {
      // What is too long for one message is one step all the same; how often Enter wakes a terminal is chance.
      if (atStart && text !== "\r") life.step();
      else life.breathe();
      atStart = /[\r\n]$/.test(text);
      console.type(text);
    },
    close() {
      if (!life.over) console.close();
    },
  };
}
