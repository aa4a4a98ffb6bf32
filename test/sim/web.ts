import { Buffer } from "node:buffer";

type Body = string | Uint8Array;
type HeadersLike = Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

const encoder = new TextEncoder();
const spelled = new Map<string, string>();

/** There are few names of headers, and they are asked for all the time. */
function lower(name: string): string {
  const before = spelled.get(name);
  if (before !== undefined) return before;
  const now = name.toLowerCase();
  spelled.set(name, now);
  return now;
}

/** Only what is known to be used of the platform's headers. */
class LightHeaders {
  readonly #fields: Map<string, string>;

  constructor(init?: HeadersLike | null) {
    if (init instanceof LightHeaders) {
      this.#fields = new Map(init.#fields);
      return;
    }
    this.#fields = new Map();
    if (init === undefined || init === null) return;
    if (Symbol.iterator in init) for (const [name, value] of init) this.append(name, value);
    else for (const name in init) this.append(name, init[name] ?? "");
  }

  get(name: string): string | null {
    return this.#fields.get(lower(name)) ?? null;
  }

  set(name: string, value: string): void {
    this.#fields.set(lower(name), String(value));
  }

  append(name: string, value: string): void {
    const before = this.get(name);
    this.set(name, before === null ? value : `${before}, ${value}`);
  }

  has(name: string): boolean {
    return this.#fields.has(lower(name));
  }

  delete(name: string): void {
    this.#fields.delete(lower(name));
  }

  getSetCookie(): string[] {
    return [];
  }

  forEach(tell: (value: string, name: string) => void): void {
    for (const [name, value] of this.#fields) tell(value, name);
  }

  entries(): IterableIterator<[string, string]> {
    return this.#fields.entries();
  }

  keys(): IterableIterator<string> {
    return this.#fields.keys();
  }

  [Symbol.iterator](): IterableIterator<[string, string]> {
    return this.#fields.entries();
  }
}

/** A body that is there at once: nothing in it waits for the event loop. */
class Content {
  readonly bytes: Body;

  constructor(bytes: Body) {
    this.bytes = bytes;
  }
}

const contentOf = (body: unknown): Content | null => {
  if (body === undefined || body === null) return null;
  if (body instanceof Content) return body;
  if (typeof body === "string" || body instanceof Uint8Array) return new Content(body);
  if (body instanceof ArrayBuffer) return new Content(new Uint8Array(body));
  throw new TypeError(`the simulation's bodies hold text or bytes, not ${Object.prototype.toString.call(body)}`);
};

abstract class Message {
  readonly headers: LightHeaders;
  readonly body: Content | null;
  bodyUsed = false;

  constructor(body: unknown, headers: HeadersLike | null | undefined) {
    this.headers = new LightHeaders(headers);
    this.body = contentOf(body);
  }

  async text(): Promise<string> {
    const bytes = this.body?.bytes ?? "";
    return typeof bytes === "string" ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  }

  async json(): Promise<unknown> {
    return JSON.parse(await this.text());
  }

  async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = this.body?.bytes ?? "";
    return typeof bytes === "string" ? encoder.encode(bytes).buffer : new Uint8Array(bytes).buffer;
  }
}

class LightResponse extends Message {
  readonly status: number;
  readonly statusText: string;
  readonly url = "";

  constructor(body?: unknown, init: { status?: number; statusText?: string; headers?: HeadersLike } = {}) {
    super(body, init.headers);
    this.status = init.status ?? 200;
    this.statusText = init.statusText ?? "";
    if (typeof body === "string" && !this.headers.has("content-type")) {
      this.headers.set("content-type", "text/plain;charset=UTF-8");
    }
  }

  get ok(): boolean {
    return this.status >= 200 && this.status < 300;
  }

  clone(): LightResponse {
    return new LightResponse(this.body, this);
  }

  static json(data: unknown, init: { status?: number; statusText?: string; headers?: HeadersLike } = {}) {
    const response = new LightResponse(null, init);
    if (!response.headers.has("content-type")) response.headers.set("content-type", "application/json");
    return Object.assign(response, { body: new Content(JSON.stringify(data)) });
  }
}

interface RequestInitLike {
  method?: string;
  headers?: HeadersLike;
  body?: unknown;
  signal?: AbortSignal;
}

class LightRequest extends Message {
  readonly url: string;
  readonly method: string;
  readonly signal: AbortSignal | null;

  constructor(input: string | URL, init: RequestInitLike = {}) {
    super(init.body, init.headers);
    this.url = String(input);
    this.method = init.method ?? "GET";
    this.signal = init.signal ?? null;
  }

  clone(): LightRequest {
    const { method, headers, body } = this;
    return new LightRequest(this.url, { method, headers, body });
  }
}

/**
 * The platform's own messages read their bodies as streams, in turns of the event loop that nobody can count; these are
 * there at once, which makes a run repeatable, and several times faster. Returns how to put the platform's back.
 */
export function useLightMessages(): () => void {
  const { Headers, Request, Response } = globalThis;
  Object.assign(globalThis, { Headers: LightHeaders, Request: LightRequest, Response: LightResponse });
  return () => void Object.assign(globalThis, { Headers, Request, Response });
}
