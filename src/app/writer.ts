import type { Config } from "../config/config.ts";
import type { LeaseTimes } from "../domain/lease.ts";
import type { Chance } from "../domain/naming.ts";
import type { Signer } from "../domain/signed-line.ts";
import { type Clock, type Instant, type Ms, SECOND } from "../domain/time.ts";
import { Lease } from "../engine/lease.ts";
import { type Role, Writer } from "../engine/writer.ts";
import { createClient } from "../proxmox/client.ts";
import { createHttp, type Fetch, type HttpOptions } from "../proxmox/http.ts";
import { createLeaseGuest } from "../proxmox/lease-guest.ts";
import { createTasks } from "../proxmox/tasks.ts";
import type { Identity } from "./process-identity.ts";

export interface WriterParts {
  readonly config: Config;
  readonly signer: Signer;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly wall: () => Instant;
  readonly chance: Chance;
  readonly identity: Identity;
  readonly leaseTimes?: LeaseTimes | undefined;
  readonly onRole: (role: Role) => void;
  readonly onCall: NonNullable<HttpOptions["onCall"]>;
}

/** A lease must be renewed in time or not at all: nobody waits half a minute for an answer about one. */
const deadline: Ms = 5 * SECOND;

/** One lease for each pool's VMID range, over a client of its own: only this one may write while nothing is held. */
export function createWriter({ config, signer, fetch, clock, wall, ...parts }: WriterParts): Writer {
  const client = createClient(createHttp({ ...config.proxmox, fetch, clock, deadline, onCall: parts.onCall }));
  const tasks = createTasks(client, clock);
  const leases = [...config.pools]
    .sort((a, b) => a.guest.range.last - b.guest.range.last)
    .map(({ guest: spec }) => {
      const record = createLeaseGuest({ client, tasks, spec, instance: config.instance, signer });
      const { chance, identity, leaseTimes: times } = parts;
      const moment = () => ({ steady: clock.now(), wall: wall() });
      return new Lease({ record, instance: config.instance, chance, ...identity, moment, times });
    });
  return new Writer({ leases, clock, onRole: parts.onRole });
}
