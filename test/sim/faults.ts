import type { Ms } from "../../src/domain/time.ts";
import type { Exchange } from "./exchange.ts";

/** What becomes of one exchange. */
export type Treatment =
  /** No connection: nobody has read it. */
  | { readonly kind: "refused" }
  /** Another answer than the server's, with or without the server having done its work. */
  | {
      readonly kind: "answer";
      readonly status: number;
      readonly reason: string;
      readonly body: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly done: boolean;
    }
  /** No answer ever: the caller's patience ends it. */
  | { readonly kind: "silence"; readonly done: boolean }
  | { readonly kind: "reset"; readonly done: boolean }
  | { readonly kind: "slow"; readonly ms: Ms }
  /** What was answered the first time. */
  | { readonly kind: "stale"; readonly kept: Map<string, Response> };

export interface Fault {
  readonly kind: string;
  /** Null: this exchange goes its way. */
  treat(exchange: Exchange): Treatment | null;
}

/** The faults that hold at the moment. */
export class Faults {
  readonly #active = new Set<Fault>();
  readonly #told: (kind: string) => void;

  constructor(told: (kind: string) => void) {
    this.#told = told;
  }

  begin(fault: Fault): void {
    this.#active.add(fault);
  }

  end(fault: Fault): void {
    this.#active.delete(fault);
  }

  clear(): void {
    this.#active.clear();
  }

  /** The first that has something to say. */
  treatmentOf(exchange: Exchange): Treatment | null {
    for (const fault of this.#active) {
      const treatment = fault.treat(exchange);
      if (treatment === null) continue;
      this.#told(fault.kind);
      return treatment;
    }
    return null;
  }
}
