type Listener = (event: { readonly type: "abort" }) => void;

class LightSignal {
  aborted = false;
  reason: unknown = undefined;
  onabort: Listener | null = null;
  readonly #listeners = new Set<Listener>();

  addEventListener(_type: "abort", listener: Listener): void {
    if (!this.aborted) this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: Listener): void {
    this.#listeners.delete(listener);
  }

  throwIfAborted(): void {
    if (this.aborted) throw this.reason;
  }

  fire(reason: unknown): void {
    if (this.aborted) return;
    this.aborted = true;
    this.reason = reason;
    const listeners = [...this.#listeners];
    this.#listeners.clear();
    for (const listener of listeners) listener({ type: "abort" });
    this.onabort?.({ type: "abort" });
  }

  static abort(reason: unknown = theReason): LightSignal {
    const signal = new LightSignal();
    signal.fire(reason);
    return signal;
  }

  static any(signals: readonly LightSignal[]): LightSignal {
    const any = new LightSignal();
    const leave = (): void => {
      for (const signal of signals) signal.removeEventListener("abort", listener);
    };
    const listener = (): void => {
      leave();
      any.fire(signals.find((signal) => signal.aborted)?.reason);
    };
    for (const signal of signals) {
      if (signal.aborted) {
        leave();
        any.fire(signal.reason);
        return any;
      }
      signal.addEventListener("abort", listener);
    }
    return any;
  }
}

/** Made once: the platform's own makes one, stack and all, for every request that came to its end. */
const theReason = new DOMException("This operation was aborted", "AbortError");

class LightController {
  readonly signal = new LightSignal();

  abort(reason: unknown = theReason): void {
    this.signal.fire(reason);
  }
}

/** Controllers that cost next to nothing. Returns how to put the platform's back. */
export function useLightAborts(): () => void {
  const { AbortController, AbortSignal } = globalThis;
  Object.assign(globalThis, { AbortController: LightController, AbortSignal: LightSignal });
  return () => void Object.assign(globalThis, { AbortController, AbortSignal });
}
