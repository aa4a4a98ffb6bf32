import type { Chance } from "../../domain/naming.ts";
import type { ScopeKey } from "../../domain/pool.ts";
import { HOUR, type Instant } from "../../domain/time.ts";
import type { Audit, RecordChange } from "../audit.ts";
import type { WorldTime } from "../time.ts";
import type { Proof } from "./jit-config.ts";
import { createPast, type Past } from "./past.ts";
import type { GroupSpec } from "./spec.ts";
import { type Job, type Runner, same } from "./state.ts";
import { randomGuid, randomText } from "./words.ts";

export interface NewRunner {
  readonly scope: ScopeKey;
  readonly group: GroupSpec;
  readonly name: string;
  readonly labels: readonly string[];
  readonly ephemeral: boolean;
  readonly kind: "jit" | "token";
}

/** All runner records, and the tokens that make them. */
export interface Registry {
  readonly runners: ReadonlySet<Runner>;
  add(runner: NewRunner): Runner;
  /** How they looked before. */
  readonly past: Pick<Past, "at">;
  remove(runner: Runner, what: Exclude<RecordChange, "made">): void;
  named(scope: ScopeKey, name: string): Runner | null;
  numbered(scope: ScopeKey, id: number): Runner | null;
  /** Whose credential this is; its record may be gone. */
  owner(proof: Proof): Runner | null;
  setOnline(runner: Runner, online: boolean): void;
  setJob(runner: Runner, job: Job | null): void;
  mint(scope: ScopeKey): { readonly token: string; readonly expiresAt: Instant };
  /** The scope of a registration token that is still valid. */
  scopeOf(token: string): ScopeKey | null;
}

/** GitHub removes an ephemeral runner that was not connected for so long. */
const longestAbsence = 24 * HOUR;
const tokenLife = HOUR;

/** `removed` hears of every record that goes, whoever took it away. */
export function createRegistry(options: {
  time: WorldTime;
  chance: Chance;
  audit: Audit;
  removed: (runner: Runner) => void;
}): Registry {
  const { time, chance } = options;
  const runners = new Set<Runner>();
  const past = createPast(() => time.now());
  const byClient = new Map<string, Runner>();
  const reaping = new Map<Runner, () => void>();
  const tokens = new Map<string, { readonly scope: ScopeKey; readonly expiresAt: Instant }>();
  let lastId = 20;

  function tell(what: RecordChange, { id, name, scope, credential }: Runner): void {
    options.audit({ event: "record", what, runnerId: id, runner: name, scope, kind: credential.kind });
  }

  function remove(runner: Runner, what: Exclude<RecordChange, "made">): void {
    if (!runners.delete(runner)) return;
    tell(what, runner);
    reaping.get(runner)?.();
    reaping.delete(runner);
    runner.online = false;
    past.note(runner, false);
    options.removed(runner);
  }

  function expectBack(runner: Runner): void {
    if (!runner.ephemeral) return;
    reaping.set(
      runner,
      time.after(longestAbsence, () => remove(runner, "expired")),
    );
  }

  const inScope = (scope: ScopeKey, wanted: (runner: Runner) => boolean): Runner | null =>
    [...runners].find((runner) => runner.scope === scope && wanted(runner)) ?? null;

  return {
    runners,
    past,
    remove,

    add({ kind, ...rest }) {
      lastId += 1;
      const credential = { clientId: randomGuid(chance), key: randomText(chance, 64), kind };
      const runner: Runner = {
        ...rest,
        id: lastId,
        credential,
        connected: false,
        online: false,
        job: null,
        served: false,
      };
      runners.add(runner);
      past.note(runner, true);
      tell("made", runner);
      byClient.set(credential.clientId, runner);
      expectBack(runner);
      return runner;
    },

    named: (scope, name) => inScope(scope, (runner) => same(runner.name, name)),
    numbered: (scope, id) => inScope(scope, (runner) => runner.id === id),

    owner({ clientId, key }) {
      const runner = byClient.get(clientId);
      return runner?.credential.key === key ? runner : null;
    },

    setOnline(runner, online) {
      const present = runners.has(runner);
      runner.online = online && present;
      runner.connected ||= online;
      if (present) past.note(runner, true);
      reaping.get(runner)?.();
      reaping.delete(runner);
      if (!online && present) expectBack(runner);
    },

    setJob(runner, job) {
      runner.job = job;
      if (job !== null) runner.served = true;
      if (runners.has(runner)) past.note(runner, true);
    },

    mint(scope) {
      const made = { scope, expiresAt: time.now() + tokenLife };
      const token = `A${randomText(chance, 28)}`;
      tokens.set(token, made);
      return { token, expiresAt: made.expiresAt };
    },

    scopeOf(token) {
      const made = tokens.get(token);
      return made !== undefined && made.expiresAt > time.now() ? made.scope : null;
    },
  };
}
