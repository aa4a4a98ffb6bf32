import { DispatcherError } from "../domain/errors.ts";
import type { Clock } from "../domain/time.ts";
import type { Lease, Waiting } from "./lease.ts";

/** Whether this process may change anything at present, and why not. */
export type Role = { readonly kind: "holder" } | ({ readonly kind: "standby" } & Waiting);

export interface WriterOptions {
  /** In the order of their VMIDs: two dispatchers that want the same ones never wait for each other in a ring. */
  readonly leases: readonly Lease[];
  readonly clock: Clock;
  readonly onRole: (role: Role) => void;
}

/** The right to change guests: all leases together, or none. */
export class Writer {
  readonly #options: WriterOptions;
  #told = "";

  constructor(options: WriterOptions) {
    this.#options = options;
  }

  role(): Role {
    for (const lease of this.#options.leases) {
      const waiting = lease.waiting();
      if (waiting !== null) return { kind: "standby", ...waiting };
    }
    return { kind: "holder" };
  }

  /** Right before each change: throws `standby` unless all leases are held with time left. */
  mustHold(what: string): void {
    const role = this.role();
    if (role.kind === "standby") throw new DispatcherError("standby", `${what}: not while on standby; ${role.why}`);
  }

  /** Looks after the leases until aborted. */
  async keep(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.attempt(signal);
      const { leases, clock } = this.#options;
      await clock.sleep(Math.min(...leases.map((lease) => lease.rest())), signal).catch(() => {});
    }
    this.#tell();
  }

  /** One look at each; ends at the first that is not ours. */
  async attempt(signal: AbortSignal): Promise<Role> {
    for (const lease of this.#options.leases) {
      // Whatever PVE answers: a lease that cannot be renewed ends by itself.
      await lease.tick(signal).catch(() => {});
      if (lease.waiting() !== null) break;
    }
    this.#tell();
    return this.role();
  }

  async release(signal: AbortSignal): Promise<void> {
    for (const lease of [...this.#options.leases].reverse()) await lease.release(signal).catch(() => {});
  }

  #tell(): void {
    const role = this.role();
    // How long ago something changed is news in each look, but no change.
    const text = role.kind === "holder" ? "" : role.why.replace(/;.*$/s, "");
    if (`${role.kind} ${text}` === this.#told) return;
    this.#told = `${role.kind} ${text}`;
    this.#options.onRole(role);
  }
}
