import { z } from "zod";
import type { NodeName, Upid, Vmid } from "../domain/ids.ts";
import { Secret } from "../domain/secret.ts";
import { containerPath } from "./container-calls.ts";
import { guestPath } from "./guest-calls.ts";
import type { PveHttp } from "./http.ts";
import { number, upidData } from "./wire.ts";

export interface ConsoleGuest {
  readonly node: NodeName;
  readonly vmid: Vmid;
  readonly type: "qemu" | "lxc";
}

/** Good for one connection within a few seconds. */
export interface ConsoleTicket {
  /** `user@realm!name`, as the terminal wants it. */
  readonly user: string;
  readonly ticket: Secret;
  readonly port: number;
  /** The task that waits for the connection and ends with it. */
  readonly upid: Upid;
}

export interface ConsoleCalls {
  /** Begins to wait for a websocket: `openConsole`. A virtual machine needs a serial port. */
  termproxy(guest: ConsoleGuest, signal: AbortSignal): Promise<ConsoleTicket>;
}

export function consoleCalls(http: PveHttp): ConsoleCalls {
  return {
    async termproxy(guest, signal) {
      const path = [...consolePath(guest), "termproxy"];
      const { user, ticket, port, upid } = await http.post(path, { schema: ticketData, signal });
      return { user, ticket: new Secret(ticket), port, upid };
    },
  };
}

export const consolePath = ({ node, vmid, type }: ConsoleGuest) =>
  type === "qemu" ? guestPath(node, vmid) : containerPath(node, vmid);

const ticketData = z.looseObject({ user: z.string().min(1), ticket: z.string().min(1), port: number, upid: upidData });
