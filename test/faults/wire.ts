import { setImmediate as turn } from "node:timers/promises";
import type { Handler } from "../../src/emulator/handler.ts";

/** What stands between a request and the emulator: it may answer by itself, and what it throws drops the connection. */
export type Meddler = (request: Request, next: () => Promise<Response>) => Promise<Response>;

/** The common part of both clients' fetches. */
export type RealFetch = (url: string, init: { readonly headers?: Record<string, string> }) => Promise<Response>;

const header = "x-test-exchange";

/**
 * Real sockets under a manual clock. What is on its way between the two sides moves by itself and must arrive before
 * time may pass; a request that its server holds back waits for time like everything else.
 */
export class Wire {
  /** Exchanges that did not end as the emulator would have ended them. */
  meddled = 0;
  readonly #travelling = new Set<string>();
  readonly #asking = new Set<string>();
  #count = 0;
  readonly #timers = timers();

  /** The client's side: a `fetch` whose exchanges are known here. The body has arrived when it resolves. */
  client(fetch: RealFetch): RealFetch {
    return async (url, init) => {
      const id = String(++this.#count);
      this.#asking.add(id);
      this.#travelling.add(id);
      try {
        const headers = { ...Object.fromEntries(new Headers(init.headers)), [header]: id };
        const response = await fetch(url, { ...init, headers });
        const { status, statusText } = response;
        const bytes = await response.arrayBuffer();
        const body = bodiless.has(status) ? null : bytes;
        return new Response(body, { status, statusText, headers: [...response.headers] });
      } finally {
        this.#asking.delete(id);
        this.#travelling.delete(id);
      }
    };
  }

  /** The server's side of the same exchanges. */
  server(handler: Handler, meddle: Meddler = (_, next) => next()): Handler {
    return async (request) => {
      const id = request.headers.get(header) ?? "";
      this.#travelling.delete(id);
      let untouched: Response | null = null;
      let answer: Response | null = null;
      try {
        answer = await meddle(request, async () => {
          untouched = await handler(request);
          return untouched;
        });
        return answer;
      } finally {
        if (answer === null || answer !== untouched) this.meddled += 1;
        if (this.#asking.has(id)) this.#travelling.add(id);
      }
    };
  }

  /** Resolves when nothing is on its way and nobody has more to do at this moment. */
  readonly rest = async (): Promise<void> => {
    for (let quiet = 0; quiet < turns; ) {
      await turn();
      quiet = this.#travelling.size > 0 || timers() > this.#timers ? 0 : quiet + 1;
    }
  };
}

/** Turns of the event loop without news: promises, callbacks and streams of one step need several. */
const turns = 6;

const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/** Timers of libraries that know no clock of ours, a queue between calls for example: they hold time up, too. */
const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
