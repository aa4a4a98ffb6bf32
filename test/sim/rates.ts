import { type Instant, MINUTE, SECOND } from "../../src/domain/time.ts";
import type { Exchange } from "./exchange.ts";
import type { Verdicts } from "./verdicts.ts";

const rule = "rate limits respected";
const mintsAMinute = 60;

/** What GitHub asks for: few mints a minute, and silence when it wants silence. */
export class Rates {
  readonly #verdicts: Verdicts;
  readonly #now: () => Instant;
  #mints: Instant[] = [];
  /** By life and kind of call. */
  readonly #quiet = new Map<string, { readonly from: Instant; readonly until: Instant }>();

  constructor(verdicts: Verdicts, now: () => Instant) {
    this.#verdicts = verdicts;
    this.#now = now;
  }

  sends(exchange: Exchange): void {
    const now = this.#now();
    for (const kind of ["all", kindOf(exchange)]) {
      const quiet = this.#quiet.get(`${exchange.life} ${kind}`);
      if (quiet === undefined || kind === "either") continue;
      this.#verdicts.require(rule, now <= quiet.from || now >= quiet.until, () => {
        const left = Math.ceil((quiet.until - now) / SECOND);
        return `${exchange.call} of life ${exchange.life}, ${left} s before GitHub wants to hear from it again`;
      });
    }
  }

  arrives(exchange: Exchange): void {
    if (kindOf(exchange) !== "mint") return;
    const now = this.#now();
    this.#mints = [...this.#mints.filter((at) => now - at < MINUTE), now];
    this.#verdicts.require(rule, this.#mints.length <= mintsAMinute, () => `${this.#mints.length} mints in a minute`);
  }

  answered(exchange: Exchange, { status, headers }: Response): void {
    if (status !== 403 && status !== 429) return;
    const from = this.#now();
    const wait = Number(headers.get("retry-after") ?? Number.NaN);
    const exhausted = headers.get("x-ratelimit-remaining") === "0";
    const reset = Number(headers.get("x-ratelimit-reset")) * SECOND;
    if (!Number.isFinite(wait) && !exhausted) return;
    const until = Number.isFinite(wait) ? from + wait * SECOND : reset;
    this.#quiet.set(`${exchange.life} ${exhausted ? "all" : kindOf(exchange)}`, { from, until });
  }
}

/** Mints have a limit of their own; a lost one is looked up and removed by the same client, which is not known here. */
function kindOf({ call, path }: Exchange): "mint" | "read" | "either" {
  if (call === "POST generate-jitconfig" || call === "POST registration-token") return "mint";
  return call === "DELETE runner" || path.includes("?name=") ? "either" : "read";
}
