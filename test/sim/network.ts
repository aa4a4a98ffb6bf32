import type { Handler } from "../../src/emulator/handler.ts";
import { type Exchange, exchangeOf, type Service } from "./exchange.ts";
import type { Faults, Treatment } from "./faults.ts";
import type { Judge } from "./judge.ts";
import type { Random } from "./random.ts";
import type { VirtualTime } from "./time.ts";

/** As much of a life as a request needs to know. */
export interface Caller {
  readonly number: number;
  /** The name that this life has for the one token at GitHub. */
  readonly githubToken: string;
  alive(): boolean;
  /** The life may end here. */
  reaches(moment: "before" | "after" | "answered" | "written", what: string): void;
}

interface Wanted {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | null;
  readonly signal: AbortSignal | null;
}

export interface NetworkParts {
  readonly time: VirtualTime;
  readonly random: Random;
  readonly faults: Faults;
  readonly judge: Judge;
  readonly handlers: Readonly<Record<Service, Handler>>;
  /** What the one token at GitHub is in truth. */
  readonly githubToken: string;
}

const never = <T>(): Promise<T> => new Promise(() => {});
const latency = { pve: [4, 25], github: [40, 160] } as const;

/** Between daemons and servers: it takes time, and everything can go wrong in it. */
export class Network {
  readonly #parts: NetworkParts;

  constructor(parts: NetworkParts) {
    this.#parts = parts;
  }

  async send(caller: Caller, service: Service, url: string, wanted: Wanted): Promise<Response> {
    const { judge, random, faults } = this.#parts;
    const exchange = exchangeOf(service, caller.number, { url, ...wanted });
    // Leases are written all the time: whoever waits for a request that changes a guest does not mean those.
    const call = judge.isLease(exchange.vmid) ? `${exchange.method} lease` : exchange.call;
    if (!caller.alive()) return never();
    caller.reaches("before", call);
    if (!caller.alive()) return never();
    judge.sends(exchange);
    const treatment = faults.treatmentOf(exchange);
    if (treatment?.kind === "refused") {
      await this.#travel(service);
      if (!caller.alive()) return never();
      throw brokenOff("connect ECONNREFUSED", "ECONNREFUSED");
    }
    if (treatment?.kind === "slow") await this.#pass(treatment.ms);
    await this.#travel(service);
    // What was on its way when its sender died, or gave up, arrives or does not.
    if ((!caller.alive() || wanted.signal?.aborted) && random.happens(0.5)) return never();
    const response = await this.#delivered(caller, exchange, url, wanted, treatment);
    caller.reaches("after", call);
    if (treatment?.kind === "silence" || !caller.alive()) return never();
    await this.#travel(service);
    if (!caller.alive()) return never();
    if (treatment?.kind === "reset") throw brokenOff("socket hang up", "ECONNRESET");
    judge.answered(exchange, response);
    caller.reaches("answered", call);
    return caller.alive() ? response : never();
  }

  async #delivered(
    caller: Caller,
    exchange: Exchange,
    url: string,
    wanted: Wanted,
    treatment: Treatment | null,
  ): Promise<Response> {
    if (treatment !== null && "done" in treatment && !treatment.done) return instead(treatment);
    if (treatment?.kind === "stale") {
      const kept = treatment.kept.get(exchange.path);
      if (kept !== undefined) return kept.clone();
      const fresh = await this.#handle(caller, exchange, url, { ...wanted, headers: withoutEtag(wanted.headers) });
      treatment.kept.set(exchange.path, fresh);
      return fresh.clone();
    }
    const response = await this.#handle(caller, exchange, url, wanted);
    return treatment?.kind === "answer" ? instead(treatment) : response;
  }

  async #handle(caller: Caller, exchange: Exchange, url: string, wanted: Wanted): Promise<Response> {
    const { handlers, judge, githubToken } = this.#parts;
    const { method, headers, body } = wanted;
    const { authorization } = headers;
    // As its adapter writes it; PVE's is spelled otherwise, and is the true one.
    const sent =
      authorization === undefined
        ? headers
        : { ...headers, authorization: authorization.replace(caller.githubToken, githubToken) };
    judge.arrives(exchange);
    const response = await handlers[exchange.service](
      new Request(url, { method, headers: sent, ...(body === null ? {} : { body }) } as RequestInit),
    );
    await judge.served(exchange, response);
    return response;
  }

  #travel(service: Service): Promise<void> {
    const [least, most] = latency[service];
    return this.#pass(this.#parts.random.ms(least, most));
  }

  #pass(ms: number): Promise<void> {
    return new Promise((resolve) => this.#parts.time.after(ms, resolve));
  }
}

function instead(treatment: Treatment): Response {
  if (treatment.kind !== "answer") return new Response(null, { status: 200 });
  const { status, reason, body, headers = {} } = treatment;
  return new Response(body, { status, statusText: reason, headers });
}

const withoutEtag = (headers: Wanted["headers"]): Wanted["headers"] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== "if-none-match"));

const brokenOff = (message: string, code: string): TypeError =>
  new TypeError("fetch failed", { cause: Object.assign(new Error(message), { code }) });
