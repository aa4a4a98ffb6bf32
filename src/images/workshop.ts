import type { InstanceName } from "../domain/ids.ts";
import type { Chance } from "../domain/naming.ts";
import type { Signer } from "../domain/signed-line.ts";
import type { Clock } from "../domain/time.ts";
import type { ProxmoxClient } from "../proxmox/client.ts";
import type { Tasks } from "../proxmox/tasks.ts";

/** What work on templates needs. */
export interface Workshop {
  readonly client: ProxmoxClient;
  readonly tasks: Tasks;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly signer: Signer;
  readonly instance: InstanceName;
  /** `user@realm!name`, as tasks carry it. */
  readonly tokenId: string;
  /** Who we are, and whether another process is known to be over. */
  readonly holder: string;
  readonly isDead: (holder: string) => boolean;
}

/** Told of each step, in words. */
export type Tell = (step: string, text: string) => void;
