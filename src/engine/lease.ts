import { DispatcherError } from "../domain/errors.ts";
import type { InstanceName } from "../domain/ids.ts";
import {
  between,
  type LeaseSeen,
  type LeaseText,
  type LeaseTimes,
  leaseStep,
  leaseTimes,
  type Moment,
} from "../domain/lease.ts";
import { type Chance, newNonce } from "../domain/naming.ts";
import type { Ms } from "../domain/time.ts";

/** One text that several dispatchers read, and of whose concurrent writes exactly one wins. */
export interface LeaseRecord {
  /** The range that it is for, as a person names it. */
  readonly name: string;
  /** Throws where PVE cannot say: no evidence of anything. */
  read(signal: AbortSignal): Promise<LeaseSeen>;
  /** False when somebody else was first. */
  create(lease: LeaseText, signal: AbortSignal): Promise<boolean>;
  /** Replaces what the last `read` saw; false when another write came between. */
  replace(lease: LeaseText, signal: AbortSignal): Promise<boolean>;
}

export interface LeaseOptions {
  readonly record: LeaseRecord;
  readonly instance: InstanceName;
  readonly chance: Chance;
  /** Who we are, and whether another holder is a process of this machine that has ended. */
  readonly holder: string;
  readonly isDead: (holder: string) => boolean;
  readonly moment: () => Moment;
  readonly times?: LeaseTimes | undefined;
}

/** Why it is not held. `inTurn`: another holds it, and all is as it should be. */
export interface Waiting {
  readonly why: string;
  readonly inTurn: boolean;
}

/** An outage that swallows every answer must not fill the memory. */
const mostUnanswered = 100;

/** One lease as one process sees it. Time that is left counts from the sending of the last good write. */
export class Lease {
  readonly #options: LeaseOptions;
  readonly #times: LeaseTimes;
  /** Writes that were sent since the last one that is known to be good: any of them may stand there. */
  readonly #sent = new Map<string, Moment>();
  #good: Moment | null = null;
  #watched: { readonly nonce: string; readonly since: Moment } | null = null;
  #wait: Waiting = { why: "it was not asked for yet", inTurn: true };

  constructor(options: LeaseOptions) {
    this.#options = options;
    this.#times = options.times ?? leaseTimes;
  }

  get name(): string {
    return this.#options.record.name;
  }

  /** Zero or less: nothing may be changed. */
  timeLeft(): Ms {
    return this.#good === null ? 0 : this.#times.holding - between(this.#good, this.#options.moment());
  }

  /** How long nothing is due. Zero or less: a renewal is, or another's lease is to be watched. */
  rest(): Ms {
    const { betweenRenewals, betweenLooks } = this.#times;
    if (this.#good === null) return betweenLooks;
    return Math.max(betweenLooks, betweenRenewals - between(this.#good, this.#options.moment()));
  }

  /** Null while it is held. */
  waiting(): Waiting | null {
    return this.timeLeft() > 0 ? null : { ...this.#wait, why: `${this.name}: ${this.#wait.why}` };
  }

  /** Looks, and renews or takes the lease where that is due. Throws what PVE answers; what is held lasts its time. */
  async tick(signal: AbortSignal): Promise<void> {
    const { record, isDead, moment } = this.#options;
    if (this.#good !== null && between(this.#good, moment()) < this.#times.betweenRenewals) return;
    try {
      const seen = await record.read(signal);
      if (this.#isMine(seen)) return await this.#write((lease) => record.replace(lease, signal), false);
      // Another's write ends ours at once; a guest that cannot be found leaves us the time that we have.
      if (seen.kind === "written") this.#good = null;
      const step = leaseStep(seen, this.#unchangedFor(seen), { isDead, times: this.#times });
      if (step.do === "wait") this.#wait = step;
      else await this.#write((lease) => record[step.do === "create" ? "create" : "replace"](lease, signal), false);
    } catch (error) {
      this.#wait = { why: error instanceof Error ? error.message : String(error), inTurn: false };
      throw error;
    }
  }

  /** Given back, so that the next one need not wait for its end. */
  async release(signal: AbortSignal): Promise<void> {
    if (this.timeLeft() <= 0 || !this.#isMine(await this.#options.record.read(signal))) return;
    await this.#write((lease) => this.#options.record.replace(lease, signal), true);
    this.#good = null;
    this.#sent.clear();
    this.#wait = { why: "it was given back", inTurn: true };
  }

  async #write(send: (lease: LeaseText) => Promise<boolean>, released: boolean): Promise<void> {
    const { instance, holder, chance, moment } = this.#options;
    const nonce = newNonce(chance);
    const at = moment();
    this.#remember(nonce, at);
    if (!(await send({ instance, holder, nonce, released }))) {
      this.#sent.delete(nonce);
      throw new DispatcherError("conflict", "renew the lease: another write came first");
    }
    this.#sent.clear();
    this.#sent.set(nonce, at);
    this.#good = at;
  }

  #remember(nonce: string, at: Moment): void {
    const [oldest] = this.#sent.keys();
    if (oldest !== undefined && this.#sent.size >= mostUnanswered) this.#sent.delete(oldest);
    this.#sent.set(nonce, at);
  }

  /** Also where the answer to our write was lost: the nonce that stands there tells. */
  #isMine(seen: LeaseSeen): boolean {
    const at = seen.kind === "written" ? this.#sent.get(seen.lease.nonce) : undefined;
    if (at === undefined) return false;
    this.#good = at;
    return true;
  }

  #unchangedFor(seen: LeaseSeen): Ms | null {
    const now = this.#options.moment();
    if (seen.kind === "written" && this.#watched?.nonce !== seen.lease.nonce) {
      this.#watched = { nonce: seen.lease.nonce, since: now };
    }
    // By the clock that never jumps alone: a jump must not end somebody else's lease.
    return this.#watched === null ? null : now.steady - this.#watched.since.steady;
  }
}
