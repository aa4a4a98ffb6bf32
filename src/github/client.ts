import type { Octokit } from "@octokit/rest";
import type { Clock } from "../domain/time.ts";
import { type About, errorOf, rateLimitOf } from "./errors.ts";
import { httpFailureIn } from "./http-failure.ts";
import type { Pause } from "./pause.ts";
import { Stamps } from "./stamps.ts";

export interface Order {
  readonly method: "GET" | "POST" | "DELETE";
  /** With its query, every part encoded. */
  readonly path: string;
  readonly about: About;
  readonly body?: Readonly<Record<string, unknown>>;
  readonly etag?: string;
}

export interface Answer {
  /** 2xx, or 304 where an ETag was sent. */
  readonly status: number;
  readonly data: unknown;
  readonly etag: string | null;
}

/** Throws a `DispatcherError`, or the signal's reason. */
export type Client = (order: Order, signal: AbortSignal) => Promise<Answer>;

export interface Pauses {
  /** The token's hourly allowance, which all calls share. */
  readonly primary: Pause;
  /** Too many calls of this kind in too short a time. */
  readonly secondary: Pause;
}

export function createClient(octokit: Octokit, pauses: Pauses, clock: Clock, stamps = new Stamps()): Client {
  return async ({ method, path, about, body, etag }, signal) => {
    signal.throwIfAborted();
    try {
      const { status, data, headers } = await octokit.request(`${method} ${path}`, {
        ...body,
        headers: etag === undefined ? {} : { "if-none-match": etag },
        // Octokit's own reader goes through each body letter by letter, for numbers that GitHub never sends.
        request: { signal, parseSuccessResponseBody: false },
      });
      pauses.secondary.passed();
      stamps.note(headers.date, clock.now());
      return { status, data: await contentOf(data), etag: headers.etag ?? null };
    } catch (error) {
      signal.throwIfAborted();
      // Octokit throws on 304.
      const failure = httpFailureIn(error);
      if (failure?.status === 304) {
        stamps.note(String(failure.headers.date ?? ""), clock.now());
        return { status: 304, data: null, etag: null };
      }
      const limit = rateLimitOf(error, stamps.theirs(clock.now()));
      if (limit !== null) pauses[limit.kind].begin(limit.asked);
      throw errorOf(error, about, stamps.theirs(clock.now()));
    }
  };
}

/** Null for an empty body, text for what is no JSON: whoever asked knows what it should be. */
async function contentOf(body: ConstructorParameters<typeof Response>[0]): Promise<unknown> {
  const text = await new Response(body).text();
  try {
    return text === "" ? null : (JSON.parse(text) as unknown);
  } catch {
    return text;
  }
}
