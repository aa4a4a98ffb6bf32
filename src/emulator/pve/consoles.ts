import { createHmac } from "node:crypto";
import type { Chance } from "../../domain/naming.ts";
import type { WorldTime } from "../time.ts";
import { same } from "./tickets.ts";

/** A proxy that waits for its client. */
export interface WaitingConsole {
  readonly vmid: number;
  readonly kind: "qemu" | "lxc";
  /** Whom the ticket was given to. */
  readonly user: string;
  readonly port: number;
  readonly ticket: string;
  /** Its task ends. */
  readonly done: () => void;
}

const firstPort = 5900;

/** Consoles that were asked for, until somebody comes for them. */
export class Consoles {
  readonly #time: WorldTime;
  readonly #chance: Chance;
  readonly #waiting = new Map<number, WaitingConsole>();
  #key: Buffer | null = null;

  constructor(time: WorldTime, chance: Chance) {
    this.#time = time;
    this.#chance = chance;
  }

  wait(wanted: Omit<WaitingConsole, "port" | "ticket">): WaitingConsole {
    let port = firstPort;
    while (this.#waiting.has(port)) port++;
    const stamp = Math.floor(this.#time.now() / 1000)
      .toString(16)
      .toUpperCase();
    const secret = `${stamp}:${wanted.user}:/vms/${wanted.vmid}:${port}`;
    const console = { ...wanted, port, ticket: `PVEVNC:${stamp}::${this.#sign(secret)}` };
    this.#waiting.set(port, console);
    return console;
  }

  /** Once: a second connection finds nobody. */
  take(port: number, ticket: string): WaitingConsole | null {
    const console = this.#waiting.get(port);
    if (console === undefined || !same(console.ticket, ticket)) return null;
    this.#waiting.delete(port);
    return console;
  }

  /** Whether nobody had come. */
  forget(port: number): boolean {
    return this.#waiting.delete(port);
  }

  #sign(text: string): string {
    this.#key ??= Buffer.from(Array.from({ length: 32 }, () => this.#chance.below(256)));
    return createHmac("sha256", this.#key).update(text).digest("base64");
  }
}
