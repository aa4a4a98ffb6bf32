import type { InstanceName, RepositoryName } from "../domain/ids.ts";
import type { Chance } from "../domain/naming.ts";
import { type RunnerPool, repositoriesOf, scopeKeyOf } from "../domain/pool.ts";
import type { Secret } from "../domain/secret.ts";
import type { Clock, Ms } from "../domain/time.ts";
import type { Forge } from "../engine/forge.ts";
import type { Journal } from "../engine/journal.ts";
import { askAll, outageIn } from "./answers.ts";
import { deregister } from "./deregister.ts";
import { reasonOf } from "./errors.ts";
import { EtagCache, fingerprintOf } from "./etags.ts";
import { createGroups } from "./groups.ts";
import { stillQueued } from "./jobs.ts";
import { mint } from "./mint.ts";
import { type Notice, Notify } from "./notices.ts";
import { paceOf } from "./pace.ts";
import { judged, type Policy } from "./policy.ts";
import { cachingReader, plainReader } from "./reader.ts";
import { WatchedRepository } from "./repository.ts";
import { listRunners } from "./runners.ts";
import { checkToken } from "./token.ts";
import type { Call, Fetch } from "./transport.ts";
import { createWaitWarnings } from "./waits.ts";
import { createWires } from "./wires.ts";

export interface ForgeOptions {
  /** `https://api.github.com`, or `https://HOST/api/v3` of an Enterprise Server. */
  readonly apiUrl: URL;
  readonly token: Secret;
  readonly fetch: Fetch;
  readonly clock: Clock;
  readonly chance: Chance;
  readonly journal: Journal;
  readonly instance: InstanceName;
  readonly pools: readonly RunnerPool[];
  readonly policy: Policy;
  readonly pollInterval: Ms;
  readonly onNotice: (notice: Notice) => void;
  /** Null while this process may change something at GitHub, else why it may not. */
  readonly whyNotChange?: () => string | null;
  readonly onCall?: (call: Call) => void;
}

export type GithubForge = Forge & {
  /** At start: `unauthorized` where GitHub refuses the token; what waiting can mend throws a transient error. */
  check(signal: AbortSignal): Promise<void>;
};

export function createForge(options: ForgeOptions): GithubForge {
  const { token, clock, chance, instance, pools, policy, journal, onNotice } = options;
  const notify = new Notify(onNotice);
  const { reading, minting, limiter, stamps } = createWires({ ...options, notify });
  const reader = cachingReader(reading, new EtagCache(etagRoom), fingerprintOf(token));
  const once = plainReader(reading);
  const groups = createGroups(reader, clock);
  const scopes = [...new Set(pools.map((pool) => scopeKeyOf(pool.scope)))];
  const names = polledBy(pools);
  const around = {
    reader,
    clock,
    chance,
    policy,
    notify,
    read: stamps.read,
    pace: paceOf(names.length, options.pollInterval),
  };
  const repositories = names.map((name) => new WatchedRepository(name, around));
  const warnOfWaits = createWaitWarnings(pools, clock, onNotice);

  return {
    async observe(signal) {
      const lists = await askAll(scopes, (scope) => listRunners(reader, scope, clock, signal), signal);
      const closed = await askAll(
        pools,
        async (pool) => ({ pool, closed: await groups.isClosed(pool, signal) }),
        signal,
      );
      const outage = outageIn(lists);
      const look = async (repository: WatchedRepository) => {
        if (outage !== null) throw outage;
        return repository.look(signal);
      };
      const looks = await askAll(repositories, look, signal);
      const jobs = looks.answered.flat().map((job) => judged(job, pools));
      warnOfWaits(jobs);
      return {
        lists: lists.answered,
        jobs,
        silent: new Map([...looks.silent].map(([repository, error]) => [repository.name, reasonOf(error)])),
        silentScopes: new Map([...lists.silent].map(([scope, error]) => [scope, reasonOf(error)])),
        closedPools: new Set(closed.answered.filter((answer) => answer.closed).map(({ pool }) => pool.name)),
      };
    },
    stillQueued: (repository, job, signal) => stillQueued(once, repository, job, signal),
    mint: (pool, name, signal) =>
      journal.around({ call: "register", vmid: null, name }, () =>
        mint({ client: minting, limiter, groups, instance }, pool, name, signal),
      ),
    deregister: (scope, runner, signal) =>
      journal.around({ call: "deregister", vmid: null, name: runner.name }, () =>
        deregister({ client: reading, reader, clock }, scope, runner, signal),
      ),
    check: (signal) => checkToken(once, signal),
  };
}

/** Each once, however it is spelled. */
function polledBy(pools: readonly RunnerPool[]): readonly RepositoryName[] {
  const names = new Map<string, RepositoryName>();
  for (const name of pools.flatMap((pool) => repositoriesOf(pool.scope))) {
    if (!names.has(name.toLowerCase())) names.set(name.toLowerCase(), name);
  }
  return [...names.values()];
}

/** In characters: the run list of an idle repository takes about 12,000, so this holds those of a thousand and more. */
const etagRoom = 24_000_000;
