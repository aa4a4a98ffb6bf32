import type { Signer } from "../domain/signed-line.ts";
import type { Clock } from "../domain/time.ts";
import type { ProxmoxClient } from "../proxmox/client.ts";
import type { Console } from "../proxmox/console.ts";
import type { ConsoleGuest, ConsoleTicket } from "../proxmox/console-calls.ts";
import type { PveHttp } from "../proxmox/http.ts";
import type { Tasks } from "../proxmox/tasks.ts";
import type { RecordFile } from "./record.ts";

/** What a bootstrap reaches beyond itself, in an administrator's name. */
export interface Tools {
  readonly http: PveHttp;
  readonly client: ProxmoxClient;
  readonly tasks: Tasks;
  readonly clock: Clock;
  /** Letters and digits that nobody guesses. */
  readonly random: () => string;
  readonly openConsole: (guest: ConsoleGuest, ticket: ConsoleTicket, signal: AbortSignal) => Promise<Console>;
  /** A file from the net, read here. */
  readonly fetchFile: (url: string, signal: AbortSignal) => Promise<Uint8Array>;
  readonly record: RecordFile;
  readonly tell: (line: string) => void;
}

/** Signs as the daemon does: with its key, or one from its token's secret. */
export type SignerOf = (tokenSecret: string) => Signer;
