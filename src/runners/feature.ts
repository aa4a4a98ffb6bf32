import { DispatcherError, hasCode } from "../domain/errors.ts";
import { asGuestName, type GuestName } from "../domain/ids.ts";
import { guestNameOf, newNonce } from "../domain/naming.ts";
import type { ForgeView } from "../domain/observation.ts";
import type { RunnerPool } from "../domain/pool.ts";
import type { Action, ActionKind } from "../domain/runners/actions.ts";
import { type Decision, decide } from "../domain/runners/decide.ts";
import type { GuestState } from "../domain/runners/guest-state.ts";
import { lookKey } from "../domain/runners/looks.ts";
import { armed, blankMemory, heard, looked, type Memory, withdrawn } from "../domain/runners/memory.ts";
import { seedKey } from "../domain/runners/orphans.ts";
import { pairKey, templateOf } from "../domain/runners/rests.ts";
import type { Feature, Intent, PassContext } from "../engine/feature.ts";
import type { Operation } from "../engine/operations.ts";
import { type ArmListener, arm } from "./arm.ts";
import { isGitHubFault, launch } from "./launch.ts";
import { askGuest, askReadiness } from "./look.ts";
import { forgetRecord, remove, scrub, sweep } from "./remove.ts";
import { stop } from "./stop.ts";
import type { Tools } from "./tools.ts";

export interface RunnersOptions extends Tools {
  readonly maxTotal: number;
  readonly draining: boolean;
  /** Guests that this instance has removed: their records may go at once. */
  readonly destroyed: ReadonlySet<GuestName>;
  /** Told of each decision with what it rests on. */
  readonly onDecision?: (decision: Decision, forge: ForgeView) => void;
}

/** Runners: a waiting job is the reason for a guest. */
export class Runners implements Feature {
  readonly name = "runners";
  readonly #options: RunnersOptions;
  #memory: Memory = blankMemory;

  constructor(options: RunnersOptions) {
    this.#options = options;
  }

  async intend(context: () => PassContext, signal: AbortSignal): Promise<Intent> {
    const { forge: door, pools, instance, maxTotal, draining, destroyed, onDecision } = this.#options;
    const forge = await door.observe(signal);
    const { site, now, inHand, resting } = context();
    const decision = decide(
      {
        instance,
        pools: [...pools.values()],
        maxTotal,
        draining,
        site,
        forge,
        memory: this.#memory,
        hands: inHand,
        resting,
        destroyed,
      },
      now,
    );
    this.#memory = decision.memory;
    onDecision?.(decision, forge);
    const { actions, notes, due } = decision.plan;
    return { operations: actions.map((action) => this.#operation(action)), notes, due };
  }

  #operation(action: Action): Operation {
    const pool = this.#options.pools.get(action.pool);
    if (pool === undefined) throw new DispatcherError("internal", `pool ${action.pool}: not in the configuration`);
    const about = aboutOf(action, pool, () => newNonce(this.#options.chance));
    const { key } = about;
    const run = (signal: AbortSignal): Promise<void> => perform(this.#performers(pool, key), action, signal);
    return { ...about, kind: action.kind, pool: action.pool, why: action.why, run };
  }

  #says(name: GuestName, state: GuestState): void {
    this.#memory = looked(this.#memory, name, state, this.#options.clock.now());
  }

  #listenerFor(name: GuestName, { guest }: RunnerPool): ArmListener {
    const { clock } = this.#options;
    return {
      heard: (readiness) => {
        this.#memory = heard(this.#memory, { name, template: templateOf(guest) }, readiness, clock.now());
      },
      armed: () => {
        this.#memory = armed(this.#memory, name, clock.now());
      },
    };
  }

  #performers(pool: RunnerPool, key: string): Performers {
    const tools = this.#options;
    return {
      launch: (action, signal) => launch(tools, action, pool, asGuestName(key), signal),
      arm: (action, signal) => arm(tools, action, pool, this.#listenerFor(action.guest.name, pool), signal),
      scrub: (action, signal) => scrub(tools, action, pool, signal),
      deregister: async ({ guest, record }, signal) => {
        const answer = await tools.forge.deregister(record.scope, { id: record.id, name: guest.name }, signal);
        if (answer === "removed") this.#memory = withdrawn(this.#memory, guest.name, tools.clock.now());
      },
      look: async ({ guest, os, about }, signal) => {
        if (about === "job") this.#says(guest.name, await askGuest(tools, pool, guest, os, signal));
        else this.#listenerFor(guest.name, pool).heard(await askReadiness(tools, guest, os, signal));
      },
      stop: (action, signal) => stop(tools, action, pool, signal, (state) => this.#says(action.guest.name, state)),
      remove: (action, signal) => remove(tools, action, pool, signal),
      forget: ({ record, name }, signal) => forgetRecord(tools, record, name, signal),
      sweep: (action, signal) => sweep(tools, action, signal),
    };
  }
}

/** A new kind of action does not compile until someone says how it is done. */
type Performers = { readonly [K in ActionKind]: (action: Action<K>, signal: AbortSignal) => Promise<void> };

function perform<K extends ActionKind>(all: Performers, action: Action<K>, signal: AbortSignal): Promise<void> {
  const performer: Performers[K] = all[action.kind as K];
  return performer(action, signal);
}

type About = Pick<Operation, "key" | "node" | "restKey" | "elsewhere">;

/** Another template or node would fare no better: GitHub refuses, a token does not serve, the VMIDs are used up, we hold no lease. */
const isPoolFault = (error: unknown): boolean =>
  isGitHubFault(error) || hasCode(error, "rate_limited", "unauthorized", "untrusted", "no_capacity", "standby");

/** The thing that an action is about, and what rests when it fails. */
function aboutOf(action: Action, pool: RunnerPool, nonce: () => string): About {
  switch (action.kind) {
    case "launch":
      return {
        key: guestNameOf(pool.guest.prefix, nonce()),
        node: action.node,
        restKey: pairKey(pool.guest, action.node),
        elsewhere: { restKey: `pool ${pool.name}`, isFault: isPoolFault },
      };
    case "forget":
      return { key: action.name, node: null, restKey: action.name };
    case "sweep":
      return { key: seedKey(action), node: action.node, restKey: seedKey(action) };
    case "deregister":
      return { key: action.guest.name, node: null, restKey: action.guest.name };
    case "look":
      return { key: lookKey(action.guest.name), node: action.node, restKey: lookKey(action.guest.name) };
    case "arm":
    case "scrub":
    case "stop":
    case "remove":
      return { key: action.guest.name, node: action.node, restKey: action.guest.name };
  }
}
