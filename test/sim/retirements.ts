import { type Instant, MINUTE } from "../../src/domain/time.ts";
import type { GithubEmulator } from "../../src/emulator/github/github.ts";
import { type Guest, isRunning } from "../../src/emulator/pve/guest.ts";
import type { Exchange } from "./exchange.ts";
import type { Ledger } from "./ledger.ts";
import type { Verdicts } from "./verdicts.ts";

const rule = "few running guests retired a minute";

interface Retired {
  readonly at: Instant;
  readonly guest: Guest;
}

/** Both steps of retiring a running guest: its runner withdrawn, and it itself stopped. Each has the quota for itself. */
export class Retirements {
  readonly #verdicts: Verdicts;
  readonly #ledger: Ledger;
  readonly #now: () => Instant;
  readonly #latest: Record<"withdrawn" | "stopped", readonly Retired[]> = { withdrawn: [], stopped: [] };

  readonly #withdrawing = new WeakMap<Exchange, Guest>();

  constructor(verdicts: Verdicts, ledger: Ledger, now: () => Instant) {
    this.#verdicts = verdicts;
    this.#ledger = ledger;
    this.#now = now;
  }

  /** A request is about to be served that may withdraw the runner of a guest that runs. */
  arrives(exchange: Exchange, { state }: GithubEmulator): void {
    if (exchange.call !== "DELETE runner") return;
    const id = Number(exchange.path.split("/").at(-1));
    const runner = [...state.runners].find((one) => one.id === id);
    const entry = this.#ledger.ours().find(({ runnerName }) => runnerName === runner?.name);
    // What was minted and could not be given to it takes nothing away from it.
    if (entry?.mayServe && isRunning(entry.guest)) this.#withdrawing.set(exchange, entry.guest);
  }

  /** It was granted. */
  served(exchange: Exchange): void {
    const guest = this.#withdrawing.get(exchange);
    if (guest !== undefined) this.#count("withdrawn", guest);
  }

  stops(guest: Guest): void {
    this.#count("stopped", guest);
  }

  /** Counted once for each guest, however often it is asked for. */
  #count(step: "withdrawn" | "stopped", guest: Guest): void {
    const now = this.#now();
    const earlier = this.#latest[step].filter(({ at }) => now - at < MINUTE);
    if (earlier.some((retired) => retired.guest === guest)) return;
    const latest = [...earlier, { at: now, guest }];
    this.#latest[step] = latest;
    const { length } = latest;
    const running = this.#ledger.ours().filter((entry) => isRunning(entry.guest)).length;
    const most = Math.max(3, Math.floor((running + length) / 4));
    this.#verdicts.require(rule, length <= most, () => `${length} ${step} in a minute, of ${running} that run`);
  }
}
