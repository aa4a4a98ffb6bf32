import type { GuestName, InstanceName, PoolName } from "../domain/ids.ts";
import type { Chance } from "../domain/naming.ts";
import type { RunnerPool, StoreName } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import type { Clock } from "../domain/time.ts";
import type { Credential, Forge } from "../engine/forge.ts";
import type { SeedStore, Site } from "../engine/site.ts";

/** All that a runner's operations need. */
export interface Tools {
  readonly instance: InstanceName;
  readonly site: Site;
  readonly forge: Forge;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly pools: ReadonlyMap<PoolName, RunnerPool>;
  /** Where the pool's seeds go; null: its guests get their secret through their agents. */
  readonly storeOf: (pool: RunnerPool) => SeedStore | null;
  readonly storeNamed: (name: StoreName) => SeedStore | null;
  /** The user-data that makes a guest this pool's runner. */
  readonly render: (pool: RunnerPool, name: GuestName, credential: Credential) => string;
  /** The file that makes it one where its image has everything else. */
  readonly credentialFile: (pool: RunnerPool, name: GuestName, credential: Credential) => Secret;
}
