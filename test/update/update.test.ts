import assert from "node:assert/strict";
import { test } from "node:test";
import { type Clock, MINUTE, type Ms, SECOND } from "../../src/domain/time.ts";
import type { ServiceState } from "../../src/update/service.ts";
import { type Health, type UpdateParts, update } from "../../src/update/update.ts";

/** How a release behaves once it is started: what it is after so long. */
type Behaviour = (age: Ms) => { readonly state: ServiceState; readonly ok: boolean | null };

const well: Behaviour = (age) => (age < 3 * SECOND ? { state: "starting", ok: null } : { state: "active", ok: true });

/** A machine with release 1, to which 2 is brought. Its time passes when somebody waits. */
class Machine {
  readonly said: string[] = [];
  present = "1";
  runs = "1";
  running: ServiceState = "active";
  kept: readonly string[] = ["1", "2"];
  refused: Error | null = null;
  stopTakes: Ms = 2 * SECOND;
  #now = 0;
  #startedAt = -MINUTE;
  readonly #behaviours: Readonly<Record<string, Behaviour>>;

  constructor(behaviours: Readonly<Record<string, Behaviour>>) {
    this.#behaviours = behaviours;
  }

  readonly clock: Clock = {
    now: () => this.#now,
    sleep: async (ms) => {
      this.#now += ms;
    },
  };

  #look(): ReturnType<Behaviour> {
    if (this.running !== "active") return { state: this.running, ok: null };
    const age = this.#now - this.#startedAt;
    return age < 0 ? { state: "stopping", ok: true } : (this.#behaviours[this.runs] ?? well)(age);
  }

  readonly parts: UpdateParts = {
    clock: this.clock,
    say: (line) => this.said.push(line),
    releases: {
      current: () => this.present,
      add: async () => "2",
      check: async () => {
        if (this.refused !== null) throw this.refused;
      },
      switchTo: (version) => {
        this.present = version;
      },
      keep: (versions) => {
        this.kept = versions;
      },
      remove: (version) => {
        this.kept = this.kept.filter((each) => each !== version);
      },
    },
    service: {
      state: async () => this.#look().state,
      restart: async () => {
        this.runs = this.present;
        this.#startedAt = this.#now + this.stopTakes;
      },
      kill: async () => {
        this.stopTakes = 0;
      },
    },
    health: async (): Promise<Health | null> => {
      const { ok } = this.#look();
      return ok === null ? null : { ok, version: this.#startedAt > this.#now ? "1" : this.runs };
    },
  };

  update() {
    return update({ bring: async () => {}, doctor: [] }, this.parts);
  }
}

test("a release that comes up well stays, and so does the one before it", async () => {
  const machine = new Machine({});
  assert.deepEqual(await machine.update(), { kind: "updated", from: "1", to: "2" });
  assert.equal(machine.runs, "2");
  assert.deepEqual(machine.kept, ["1", "2"]);
});

const broken: Readonly<Record<string, { readonly behaviour: Behaviour; readonly why: RegExp }>> = {
  "ends at once": { behaviour: () => ({ state: "failed", ok: null }), why: /ended by itself/ },
  "never gets ready": { behaviour: () => ({ state: "starting", ok: null }), why: /starting .*does not answer/ },
  "gets ready but says that something is wrong": {
    behaviour: () => ({ state: "active", ok: false }),
    why: /says that something is wrong/,
  },
  "is well for three seconds": {
    behaviour: (age) => (age < 3 * SECOND ? { state: "active", ok: true } : { state: "failed", ok: null }),
    why: /ended by itself/,
  },
};

for (const [what, { behaviour, why }] of Object.entries(broken)) {
  test(`a release that ${what} is left within a minute of its start`, async () => {
    const machine = new Machine({ 2: behaviour });
    const outcome = await machine.update();
    assert.equal(outcome.kind, "returned");
    assert.match(outcome.kind === "returned" ? outcome.why : "", why);
    assert.equal(outcome.kind === "returned" && outcome.trouble, null, "the old one is well again");
    assert.equal(machine.runs, "1");
    assert.equal(machine.present, "1");
    assert.ok(machine.clock.now() < MINUTE, `it took ${machine.clock.now()} ms`);
  });
}

test("what the old one takes to finish its work does not count against the new one", async () => {
  const machine = new Machine({});
  machine.stopTakes = 100 * SECOND;
  assert.equal((await machine.update()).kind, "updated");
});

test("a service that was unwell before only has to be as well as that", async () => {
  const machine = new Machine({ 1: () => ({ state: "active", ok: false }), 2: () => ({ state: "active", ok: false }) });
  assert.equal((await machine.update()).kind, "updated");
});

test("a service that does not run is not started", async () => {
  const machine = new Machine({});
  machine.running = "inactive";
  assert.equal((await machine.update()).kind, "updated");
  assert.equal(machine.present, "2");
  assert.equal(machine.runs, "1");
  assert.match(machine.said.join(), /not running/);
});

test("a release that does not pass its check is removed, and nothing is switched", async () => {
  const machine = new Machine({});
  machine.refused = new Error("it does not start");
  await assert.rejects(machine.update(), /does not start/);
  assert.equal(machine.present, "1");
  assert.deepEqual(machine.kept, ["1"]);
});
