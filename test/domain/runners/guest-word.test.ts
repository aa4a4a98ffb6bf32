import assert from "node:assert/strict";
import { test } from "node:test";
import type { ForgeView, RunnerView } from "../../../src/domain/observation.ts";
import { type Decision, decide, type RunnerWorld } from "../../../src/domain/runners/decide.ts";
import { parseGuestState } from "../../../src/domain/runners/guest-state.ts";
import { lookKey } from "../../../src/domain/runners/looks.ts";
import { looked, type Memory, withdrawn } from "../../../src/domain/runners/memory.ts";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { forgeOf, guestOf, jobOf, poolOf, recordOf, silentForge, siteOf, start, worldOf } from "../../fixtures.ts";

const guest = guestOf("a");
const pool = poolOf({ idlePatience: MINUTE });
const open: Partial<ForgeView> = { closedPools: new Set() };

/** One guest through time. What it says when asked, and what GitHub lists, may change on the way. */
class Life {
  memory: Memory = worldOf().memory;
  now = start;
  says: string | null = "listening\n";
  forge: Partial<ForgeView>;
  #runners: readonly RunnerView[];
  #jobs: ForgeView["jobs"] = [];
  #made = start;
  readonly asked: number[] = [];

  constructor(runners: readonly RunnerView[], forge: Partial<ForgeView> = {}) {
    this.#runners = runners;
    this.forge = forge;
  }

  list(runners: readonly RunnerView[], jobs: ForgeView["jobs"] = []): this {
    this.#runners = runners;
    this.#jobs = jobs;
    return this;
  }

  made(at: number): this {
    this.#made = at;
    return this;
  }

  /** A pass each five seconds; every guest that is asked answers at once. Returns all that was decided but looks. */
  pass(ms: number, step = 5 * SECOND): readonly string[] {
    const done: string[] = [];
    for (const end = this.now + ms; this.now < end; this.now += step) {
      for (const action of this.#decide().plan.actions) {
        if (action.kind === "look") {
          this.asked.push(this.now);
          this.memory = looked(this.memory, guest.name, parseGuestState(this.says), this.now);
          continue;
        }
        done.push(action.kind === "stop" ? `stop ${action.evidence}` : action.kind);
        if (action.kind === "deregister") {
          this.memory = withdrawn(this.memory, guest.name, this.now);
          this.list([]);
        }
      }
    }
    return done;
  }

  notes(): string {
    return this.#decide()
      .plan.notes.map((note) => note.text)
      .join();
  }

  #decide(hands: RunnerWorld["hands"] = []): Decision {
    const forge = forgeOf({ runners: this.#runners, jobs: this.#jobs }, this.forge);
    const lists = forge.lists.map((list) => ({ ...list, at: this.now }));
    const site = siteOf([{ ...guest, marker: { ...guest.marker, created: this.#made } }]);
    const { memory } = this;
    const decision = decide(worldOf({ pools: [pool], site, forge: { ...forge, lists }, memory, hands }), this.now);
    this.memory = decision.memory;
    return decision;
  }

  whileAsked(): Decision {
    return this.#decide([{ key: lookKey(guest.name), kind: "look", pool: pool.name, node: guest.node }]);
  }
}

const idleLife = (forge: Partial<ForgeView> = {}): Life => new Life([recordOf("a")], forge);

test("an idle runner whose guest says so is deregistered at once when it is surplus, and stopped 90 s later", () => {
  const life = idleLife();
  assert.deepEqual(life.pass(MINUTE), []);
  assert.deepEqual(life.pass(10 * SECOND), ["deregister"]);
  assert.deepEqual(life.pass(80 * SECOND), []);
  assert.deepEqual(life.pass(15 * SECOND), ["stop quiet"]);
});

test("the guest's word is proof enough where not all jobs are seen", () => {
  const life = idleLife(open);
  assert.deepEqual([...new Set(life.pass(4 * MINUTE))], ["deregister", "stop quiet"]);
});

for (const says of [null, "", "\u001b[0mlistening", "idle\n"]) {
  test(`a guest that says ${JSON.stringify(says)} takes the slower way: two minutes idle, two after its record`, () => {
    const life = idleLife();
    life.says = says;
    assert.deepEqual(life.pass(2 * MINUTE), []);
    assert.deepEqual(life.pass(10 * SECOND), ["deregister"]);
    assert.deepEqual(life.pass(110 * SECOND), []);
    assert.deepEqual([...new Set(life.pass(20 * SECOND))], ["stop withdrawn"]);
  });
}

test("a guest that does not say what it does is not stopped where not all jobs are seen", () => {
  const life = idleLife(open);
  life.says = null;
  assert.deepEqual(life.pass(2 * HOUR), ["deregister"]);
  assert.match(life.notes(), /waits for power-off/);
});

test("a guest that says that it works is kept, whatever GitHub's list says, and counts as busy", () => {
  const life = idleLife();
  life.says = "job 7\n";
  assert.deepEqual(life.pass(2 * HOUR), []);
  life.list([recordOf("a", { online: false })]);
  assert.deepEqual(life.pass(2 * HOUR), []);
  life.list([]);
  assert.deepEqual(life.pass(2 * HOUR), []);
});

test("after the job that only the guest spoke of, its retirement goes on", () => {
  const life = idleLife();
  life.says = "job 7\n";
  life.pass(10 * MINUTE);
  life.says = "done\n";
  assert.deepEqual([...new Set(life.pass(6 * MINUTE))], ["deregister", "stop quiet"]);
});

test("a job that shows after the withdrawal keeps its guest until it is over, and 90 s more", () => {
  const life = idleLife();
  assert.deepEqual(life.pass(70 * SECOND), ["deregister"]);
  life.says = "job 7\n";
  assert.deepEqual(life.pass(HOUR), []);
  life.says = "done\n";
  assert.deepEqual(life.pass(85 * SECOND), []);
  assert.deepEqual([...new Set(life.pass(3 * MINUTE))], ["stop quiet"]);
});

test("a word from before the 90 s is no proof after them", () => {
  const life = idleLife();
  life.pass(70 * SECOND);
  life.pass(80 * SECOND);
  const before = life.asked.length;
  life.says = "job 7\n";
  assert.deepEqual(life.pass(MINUTE), []);
  assert.ok(life.asked.length > before, "it is asked again");
});

/** One pass, with what the guest said at a time and, where told, since when its record is withdrawn. */
function kindsAt(now: number, saidAt: number, withdrawnAt: number | null): readonly string[] {
  const world = worldOf({ pools: [pool], site: siteOf([guest]), forge: forgeOf({ runners: [recordOf("a")] }) });
  let { memory } = decide(world, start);
  memory = looked(memory, guest.name, { kind: "listening" }, saidAt);
  if (withdrawnAt !== null) memory = withdrawn(memory, guest.name, withdrawnAt);
  const forge = withdrawnAt === null ? world.forge : forgeOf({});
  const lists = forge.lists.map((list) => ({ ...list, at: now }));
  return decide({ ...world, memory, forge: { ...forge, lists } }, now).plan.actions.map((action) => action.kind);
}

test("a guest's word is good for 45 s, then it is asked again before anything is done", () => {
  const said = start + 10 * MINUTE;
  assert.deepEqual(kindsAt(said + 45 * SECOND, said, null), ["deregister"]);
  assert.deepEqual(kindsAt(said + 46 * SECOND, said, null), ["look"]);
  assert.deepEqual(kindsAt(said + 45 * SECOND, said, said - 2 * MINUTE), ["stop"]);
  assert.deepEqual(kindsAt(said + 46 * SECOND, said, said - 2 * MINUTE), ["look"]);
});

test("what it said a second before the 90 s were over is no proof, however fresh", () => {
  const gone = start + 10 * MINUTE;
  assert.deepEqual(kindsAt(gone + 110 * SECOND, gone + 89 * SECOND, gone), ["look"]);
  assert.deepEqual(kindsAt(gone + 95 * SECOND, gone + 89 * SECOND, gone), []);
  assert.deepEqual(kindsAt(gone + 95 * SECOND, gone + 90 * SECOND, gone), ["stop"]);
});

test("the hard lifetime counts from what the guest said, and its word does not delay it", () => {
  const life = idleLife();
  life.says = "job 7\n";
  life.pass(70 * SECOND);
  assert.deepEqual(life.pass(23 * HOUR, MINUTE), []);
  const notes = life.whileAsked().plan.notes.map((note) => note.text);
  assert.match(notes.join(), /stopped at 24 h; its guest says job 7/);
  assert.deepEqual([...new Set(life.pass(2 * HOUR, MINUTE))], ["stop overdue"]);
});

test("without GitHub nobody is stopped, whatever its guest said", () => {
  const life = idleLife();
  life.says = "job 7\n";
  life.pass(2 * MINUTE);
  life.forge = silentForge;
  assert.deepEqual(life.pass(30 * HOUR, MINUTE), []);
});

test("a record that is missing is believed after two minutes, and the guest's word 90 s later", () => {
  const life = new Life([]);
  assert.deepEqual(life.pass(205 * SECOND), []);
  assert.deepEqual([...new Set(life.pass(20 * SECOND))], ["stop quiet"]);
});

for (const [says, reason] of [
  ["starting\n", /idle; its guest says starting/],
  ["failed: the image has no /opt/actions-runner\n", /idle; its guest says failed: the image has no/],
  ["listening\n", /idle; its guest says listening/],
] as const) {
  test(`a guest past its boot deadline that says ${says.trim()} goes by its word, with the reason`, () => {
    const life = new Life([recordOf("a", { online: false })], open);
    life.says = says;
    assert.deepEqual(life.pass(10 * MINUTE), []);
    const at = life.now;
    let why = "";
    const decision = life.whileAsked();
    assert.match(decision.plan.notes.map((note) => note.text).join(), /is being asked/);
    life.memory = looked(decision.memory, guest.name, parseGuestState(says), at);
    for (const action of life.whileAsked().plan.actions) why += action.why;
    assert.match(why, reason);
    assert.deepEqual([...new Set(life.pass(3 * MINUTE))], ["deregister", "stop quiet"]);
  });
}

test("nobody is asked whose word decides nothing", () => {
  const needed = idleLife().list([recordOf("a")], [jobOf(1)]);
  needed.pass(HOUR, MINUTE);
  assert.deepEqual(needed.asked, []);
  const busy = new Life([recordOf("a", { busy: true })]);
  busy.pass(10 * HOUR, MINUTE);
  assert.deepEqual(busy.asked, []);
});

test("no guest is asked more often than every 20 s, and a silent one less and less, down to every 10 min", () => {
  const talking = idleLife(open);
  talking.says = "job 7\n";
  talking.pass(HOUR, SECOND);
  const silent = idleLife(open);
  silent.says = null;
  silent.pass(4 * HOUR, 5 * SECOND);
  const gaps = ({ asked }: Life): readonly number[] => asked.slice(1).map((at, i) => at - (asked[i] ?? 0));
  assert.ok(Math.min(...gaps(talking)) >= 20 * SECOND && talking.asked.length > 40);
  assert.ok(Math.min(...gaps(silent)) >= 20 * SECOND && silent.asked.length < 40, String(silent.asked.length));
  assert.ok((gaps(silent).at(-1) ?? 0) >= 10 * MINUTE);
});

test("a guest that was never seen to work goes after a day that we have watched, not by a clock of another life", () => {
  const life = new Life([], open).made(start - 25 * HOUR);
  life.says = null;
  const ends = life.pass(23 * HOUR, MINUTE);
  assert.deepEqual([...new Set(ends)], ["stop silent"], "which its agent must confirm");
  assert.ok(life.pass(2 * HOUR, MINUTE).includes("stop aged"));
});

test("a job's age is GitHub's stamp as it is translated now, also when our clock has jumped", () => {
  const jobs = (startedAt: number) => [jobOf(1, { status: "in_progress", runner: guest.name, startedAt })];
  const life = new Life([recordOf("a", { busy: true })]).list([recordOf("a", { busy: true })], jobs(start));
  life.pass(MINUTE);
  life.now += 25 * HOUR;
  life.list([recordOf("a", { busy: true })], jobs(start + 25 * HOUR));
  assert.deepEqual(life.pass(MINUTE), []);
});
