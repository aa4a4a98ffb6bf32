import { guestFiles } from "../../src/domain/runners/guest-files.ts";
import { type Instant, MINUTE } from "../../src/domain/time.ts";
import type { AuditEntry } from "../../src/emulator/audit.ts";
import type { Guest } from "../../src/emulator/pve/guest.ts";
import type { Exchange } from "./exchange.ts";
import type { History } from "./history.ts";
import { Jobs } from "./jobs.ts";
import { type Entry, Ledger, leaseOnly } from "./ledger.ts";
import { Rates } from "./rates.ts";
import { Retirements } from "./retirements.ts";
import { Secrets } from "./secrets.ts";
import type { Setting } from "./setting.ts";
import { Verdicts } from "./verdicts.ts";
import type { Ears, SimWorld } from "./world.ts";
import { seedOf, Writers } from "./writers.ts";

const foreignRule = "no foreign, stray or doubtful guest changed";

/** Holds all that happens against the invariants, from the servers' side: never by what the daemon says. */
export class Judge implements Ears {
  readonly verdicts: Verdicts;
  readonly ledger = new Ledger();
  readonly secrets: Secrets;
  readonly jobs: Jobs;
  readonly #rates: Rates;
  readonly #writers: Writers;
  readonly #setting: Setting;
  readonly #history: History;
  readonly #now: () => Instant;
  readonly #isAlive: (life: number) => boolean;
  readonly #used = new Set<string>();
  readonly #leasesSeen = new Set<string>();
  /** What each life last read of a guest's configuration. */
  readonly #reads = new Map<string, { readonly at: Instant; readonly guest: Guest }>();
  readonly #retirements: Retirements;
  #world: SimWorld | null = null;

  /** `isAlive`: what a dead life had sent may still arrive, and no lease can help against that. */
  constructor(
    setting: Setting,
    history: History,
    { now, isAlive }: { readonly now: () => Instant; readonly isAlive: (life: number) => boolean },
  ) {
    this.#isAlive = isAlive;
    this.#setting = setting;
    this.#history = history;
    this.#now = now;
    this.verdicts = new Verdicts(history);
    this.secrets = new Secrets(this.verdicts);
    this.jobs = new Jobs(setting, this.verdicts, this.ledger, now);
    this.#rates = new Rates(this.verdicts, now);
    this.#retirements = new Retirements(this.verdicts, this.ledger, now);
    this.#writers = new Writers(setting, this.verdicts, now);
    this.secrets.learn(setting.config.proxmox.tokenSecret.reveal());
  }

  meets(world: SimWorld): void {
    this.#world = world;
    for (const guest of world.pve.state.guests.values()) this.ledger.appears(guest);
  }

  isLease(vmid: number | null): boolean {
    return this.#writers.isLease(vmid);
  }

  // What the network tells: requests as they are sent, arrive, are served, and are answered.

  sends(exchange: Exchange): void {
    if (exchange.service === "github") this.#rates.sends(exchange);
    if (!exchange.mutates || this.isLease(exchange.vmid)) return;
    this.#writers.sends(exchange, exchange.vmid ?? seedOf(exchange));
  }

  arrives(exchange: Exchange): void {
    if (exchange.service === "github") {
      this.#rates.arrives(exchange);
      if (this.#world !== null) this.#retirements.arrives(exchange, this.#world.github);
      if (exchange.mutates && this.#isAlive(exchange.life)) this.#writers.arrives(exchange, null);
      return;
    }
    if (!exchange.mutates) return;
    if (exchange.form !== "" && !this.#isKnownLease(exchange)) {
      this.secrets.look(`${exchange.call} ${exchange.vmid}`, decodeURIComponent(exchange.form.replaceAll("+", " ")));
    }
    const { call, vmid } = exchange;
    if (!this.isLease(vmid)) this.#mayChange(exchange);
    else if (vmid !== null && call === "POST qemu" && this.ledger.at(vmid) === undefined) {
      // It may be there before its answer is.
      this.ledger.expect(vmid, { madeBy: "dispatcher", pool: leaseOnly });
    }
  }

  async served(exchange: Exchange, response: Response): Promise<void> {
    if (exchange.service === "github") {
      if (exchange.mutates) this.#history.add(`daemon ${exchange.life}`, `${exchange.call} → ${response.status}`);
      if (exchange.method === "POST") await this.#learnFrom(response);
      if (response.status === 204) this.#retirements.served(exchange);
      return;
    }
    const { life, vmid, call } = exchange;
    if (vmid !== null && call === "GET config" && response.status === 200) {
      const entry = this.ledger.at(vmid);
      if (entry !== undefined) this.#reads.set(`${life} ${vmid}`, { at: this.#now(), guest: entry.guest });
    }
    if (!exchange.mutates) return;
    if (this.isLease(vmid) && response.status === 200) return this.#writers.accepted(exchange);
    const what = vmid ?? exchange.volume ?? "";
    this.#history.add(`daemon ${life}`, `${call} ${what} → ${response.status} ${response.statusText}`);
    if (response.status === 200) this.#accepted(exchange);
  }

  answered(exchange: Exchange, response: Response): void {
    if (exchange.service === "github") this.#rates.answered(exchange, response);
  }

  // What the world tells.

  audit(entry: AuditEntry): void {
    if (entry.event === "job") {
      this.#history.add("job", `${entry.job} ${entry.what}${entry.vmid === null ? "" : ` on ${entry.vmid}`}`);
      const job = this.#world?.github.state.jobs.get(entry.job);
      if (job !== undefined) this.jobs.hears(entry.what, job, entry.vmid);
    }
    if (entry.event === "guest") this.guestNote(entry.vmid, entry.what);
  }

  guestAppears(guest: Guest): void {
    const entry = this.ledger.appears(guest);
    this.#history.add("pve", `guest ${guest.vmid} appears, made by the ${entry.madeBy}`);
    if (entry.madeBy === "dispatcher" && entry.pool !== leaseOnly) this.#count(entry);
  }

  guestGoes(guest: Guest): void {
    this.#history.add("pve", `guest ${guest.vmid} is gone`);
    this.ledger.goes(guest);
  }

  taskEnds(type: string, log: readonly string[]): void {
    this.secrets.look(`log of task ${type}`, log.join("\n"));
  }

  guestNote(vmid: number, what: string): void {
    this.#history.add("guest", `${vmid} ${what}`);
  }

  guestOwns(vmid: number, why: string): void {
    const entry = this.ledger.at(vmid);
    if (entry !== undefined) entry.excuse ??= why;
  }

  credentialUsed(credential: string): void {
    this.verdicts.require("no JIT config used twice", !this.#used.has(credential), () => "a runner came with it again");
    this.#used.add(credential);
  }

  /** What the daemon wrote. */
  logged(life: number, line: string): void {
    this.secrets.look(`log of life ${life}`, line);
  }

  broke(life: number, error: unknown): void {
    const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.verdicts.violate("the daemon does not break", `life ${life}: ${why}`);
  }

  /** Written every few seconds, and but for its nonce always the same: one look at each life's is enough. */
  #isKnownLease({ life, vmid }: Exchange): boolean {
    if (!this.isLease(vmid)) return false;
    const key = `${life} ${vmid}`;
    const known = this.#leasesSeen.has(key);
    this.#leasesSeen.add(key);
    return known;
  }

  #mayChange(exchange: Exchange): void {
    const { life, vmid, volume, call, path } = exchange;
    if (call === "DELETE task") {
      const own = decodeURIComponent(path).includes(this.#setting.config.proxmox.tokenId);
      this.verdicts.require(foreignRule, own, () => `${call} ${path} of life ${life}: it is another's task`);
      return;
    }
    if (volume !== null) {
      const seed = seedOf(exchange);
      const own = seed !== null && this.#poolAt(seed) !== null;
      this.verdicts.require(foreignRule, own, () => `${call} ${volume} of life ${life}`);
      if (this.#isAlive(life)) this.#writers.arrives(exchange, seed);
      return;
    }
    if (vmid !== null && this.#isAlive(life)) this.#writers.arrives(exchange, vmid);
    if (vmid === null || call === "POST clone") return;
    const entry = this.ledger.at(vmid);
    if (entry === undefined) return;
    const read = this.#reads.get(`${life} ${vmid}`);
    const of = `${call} ${vmid} of life ${life}`;
    this.verdicts.require(foreignRule, entry.madeBy === "dispatcher", () => `${of}: it is the ${entry.madeBy}'s`);
    const fresh = read !== undefined && read.guest === entry.guest && this.#now() - read.at < 3 * MINUTE;
    this.verdicts.require(foreignRule, fresh, () => `${of}: without having read it afresh`);
    const { doubt } = entry;
    // A question to the agent changes nothing.
    if (doubt === null || read === undefined || call === "POST ping") return;
    this.verdicts.require(foreignRule, doubt.since > read.at, () => `${of}: it was ${doubt.what}`);
  }

  #accepted({ call, vmid, life, form }: Exchange): void {
    if (vmid === null) return;
    if (call === "POST clone") {
      const fields = new URLSearchParams(form);
      const description = fields.get("description") ?? "";
      const pool = /"pool":"([^"]+)"/.exec(description)?.[1] ?? null;
      this.ledger.expect(vmid, { madeBy: "dispatcher", pool, runnerName: fields.get("name") });
      return;
    }
    const entry = this.ledger.at(vmid);
    if (entry === undefined) return;
    const { pools } = this.#setting.config;
    const armedLate = pools.find(({ name }) => name === entry.pool)?.delivery.kind === "agent";
    if (armedLate ? isArming(call, form) : call === "POST start") entry.mayServe = true;
    if (call !== "POST stop") return;
    entry.stoppedBy ??= { life, at: this.#now() };
    this.#retirements.stops(entry.guest);
  }

  #count({ pool }: Entry): void {
    const { pools, maxTotal } = this.#setting.config;
    const ours = this.ledger.ours();
    const max = pools.find(({ name }) => name === pool)?.max ?? 0;
    const inPool = ours.filter((entry) => entry.pool === pool).length;
    const rule = "never more guests than max";
    this.verdicts.require(rule, inPool <= max, () => `${inPool} guests of pool ${pool}, at most ${max}`);
    this.verdicts.require(rule, ours.length <= maxTotal, () => `${ours.length} guests in all, at most ${maxTotal}`);
  }

  #poolAt(vmid: number): string | null {
    const { pools } = this.#setting.config;
    return pools.find(({ guest: { range } }) => vmid >= range.first && vmid <= range.last)?.name ?? null;
  }

  async #learnFrom(response: Response): Promise<void> {
    if (response.status !== 201) return;
    const { encoded_jit_config: config, token } = (await response.clone().json()) as Record<string, unknown>;
    for (const secret of [config, token]) if (typeof secret === "string") this.secrets.learn(secret);
  }
}

const isArming = (call: string, form: string): boolean =>
  call === "POST file-write" && decodeURIComponent(form).includes(guestFiles.linux.ready);
