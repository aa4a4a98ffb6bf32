import { type Clock, type Instant, type Ms, SECOND } from "../domain/time.ts";
import type { Role } from "../engine/writer.ts";
import { redact } from "./redact.ts";

export type Service = "proxmox" | "github";

export interface ServiceHealth {
  readonly ok: boolean;
  readonly lastAnswer: string | null;
  readonly trouble: string | null;
}

export interface HealthReport {
  readonly ok: boolean;
  readonly version: string;
  readonly instance: string;
  /** A standby that waits its turn is healthy; one that cannot get the lease is not. */
  readonly role: Role["kind"];
  readonly standby: string | null;
  readonly lastPass: { readonly at: string | null; readonly trouble: string | null };
  readonly services: Readonly<Record<Service, ServiceHealth>>;
}

interface ServiceState {
  lastAnswer: Instant | null;
  trouble: string | null;
}

/** What `/healthz` says: the last pass, and whether both services answer. */
export class Health {
  readonly #services: Record<Service, ServiceState> = {
    proxmox: { lastAnswer: null, trouble: null },
    github: { lastAnswer: null, trouble: null },
  };
  #lastPass: Instant | null = null;
  #trouble: string | null = null;
  #role: Role = { kind: "standby", why: "it has just started", inTurn: true };
  readonly #clock: Clock;
  readonly #patience: Ms;
  readonly #identity: { readonly version: string; readonly instance: string };

  constructor(clock: Clock, interval: Ms, identity: { readonly version: string; readonly instance: string }) {
    this.#clock = clock;
    this.#patience = 3 * interval + 30 * SECOND;
    this.#identity = identity;
  }

  answered(service: Service): void {
    this.#services[service] = { lastAnswer: this.#clock.now(), trouble: null };
  }

  silent(service: Service, trouble: string): void {
    this.#services[service].trouble = redact(trouble);
  }

  role(role: Role): void {
    this.#role = role;
  }

  passed(): void {
    this.#lastPass = this.#clock.now();
    this.#trouble = null;
  }

  failed(trouble: string): void {
    this.#trouble = redact(trouble);
  }

  report(): HealthReport {
    const { proxmox, github } = this.#services;
    const fresh = this.#lastPass !== null && this.#clock.now() - this.#lastPass < this.#patience;
    return {
      ok:
        fresh &&
        (this.#role.kind === "holder" || this.#role.inTurn) &&
        this.#trouble === null &&
        proxmox.trouble === null &&
        github.trouble === null,
      ...this.#identity,
      role: this.#role.kind,
      standby: this.#role.kind === "holder" ? null : redact(this.#role.why),
      lastPass: { at: iso(this.#lastPass), trouble: this.#trouble },
      services: { proxmox: serviceHealth(proxmox), github: serviceHealth(github) },
    };
  }
}

const iso = (at: Instant | null): string | null => (at === null ? null : new Date(at).toISOString());

const serviceHealth = ({ lastAnswer, trouble }: ServiceState): ServiceHealth => ({
  ok: lastAnswer !== null && trouble === null,
  lastAnswer: iso(lastAnswer),
  trouble,
});
