import assert from "node:assert/strict";
import { test } from "node:test";
import { asPoolName } from "../../../src/domain/ids.ts";
import type { GuestView, RunnerView } from "../../../src/domain/observation.ts";
import type { RunnerPool } from "../../../src/domain/pool.ts";
import { type Decision, decide, type RunnerWorld } from "../../../src/domain/runners/decide.ts";
import { blankMemory } from "../../../src/domain/runners/memory.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import { forgeOf, guestOf, jobOf, markerOf, poolOf, recordOf, siteOf, specOf, start, worldOf } from "../../fixtures.ts";

const waiting = [1, 2, 3, 4, 5, 6].map((id) => jobOf(id));
const offline = (letter: string): RunnerView => recordOf(letter, { online: false });
const off = (letter: string): GuestView => guestOf(letter, { power: "stopped" });
const launches = ({ plan }: Decision): number => plan.actions.filter(({ kind }) => kind === "launch").length;
const said = ({ plan }: Decision): string => plan.notes.map(({ text }) => text).join("\n");

/** A daemon whose passes follow each other. */
class Life {
  readonly #change: Partial<RunnerWorld>;
  #memory = blankMemory;

  constructor(change: Partial<RunnerWorld> = {}) {
    this.#change = change;
  }

  pass(
    minutes: number,
    guests: readonly GuestView[],
    runners: readonly RunnerView[],
    change: Partial<RunnerWorld> = {},
  ): Decision {
    const now = start + minutes * MINUTE;
    const lists = [{ scope: "repos/octo/demo" as const, at: now, runners }];
    const world = worldOf({
      pools: [poolOf({ max: 20 })],
      maxTotal: 40,
      site: siteOf(guests),
      forge: forgeOf({ jobs: waiting }, { lists }),
      ...this.#change,
      ...change,
    });
    const decision = decide({ ...world, memory: this.#memory }, now);
    this.#memory = decision.memory;
    return decision;
  }

  /** These guests boot, and power themselves off a minute later without their runners. */
  failed(minutes: number, letters: string): Decision {
    const names = letters.split("");
    this.pass(
      minutes - 1,
      names.map((letter) => guestOf(letter)),
      names.map(offline),
    );
    return this.pass(minutes, names.map(off), names.map(offline));
  }
}

test("one guest that powers itself off without its runner does not make its template rest", () => {
  const life = new Life();
  assert.equal(launches(life.failed(2, "a")), 6);
});

test("after two such guests in a row their template rests for a minute, and twice as long after each more", () => {
  for (const [letters, minutes] of [
    ["ab", 1],
    ["abc", 2],
    ["abcde", 8],
    ["abcdefghijkl", 30],
  ] as const) {
    const life = new Life();
    const resting = life.failed(2, letters);
    assert.equal(launches(resting), 0, letters);
    assert.match(
      said(resting),
      new RegExp(`; ${letters.length} guests in a row of template base .* runner-${letters.at(-1)}{10}; `),
    );
    assert.equal(launches(life.pass(2 + minutes - 0.01, [], [])), 0, `${letters} just before`);
    assert.equal(launches(life.pass(2 + minutes, [], [])), 1, `${letters} then`);
  }
});

test("each guest counts once, however often it is seen", () => {
  const life = new Life();
  life.failed(2, "a");
  life.pass(2.25, [off("a")], [offline("a")]);
  assert.equal(launches(life.pass(2.5, [off("a")], [offline("a")])), 6);
});

test("a guest whose boot deadline passes without its runner is a failed boot", () => {
  const life = new Life();
  const guests = [guestOf("a"), guestOf("b")];
  const runners = [offline("a"), offline("b")];
  assert.equal(launches(life.pass(9, guests, runners)), 4);
  assert.equal(launches(life.pass(10, guests, runners)), 0);
});

const innocent: readonly (readonly [string, (life: Life) => Decision])[] = [
  [
    "GitHub cannot be asked when the deadline passes",
    (life) => {
      const guests = [guestOf("a"), guestOf("b")];
      const scopes = new Map([["repos/octo/demo" as const, "GitHub does not answer"]]);
      const silent = { forge: forgeOf({ jobs: waiting }, { lists: [], silentScopes: scopes }) };
      life.pass(1, guests, [offline("a"), offline("b")]);
      life.pass(11, guests, [], silent);
      return life.pass(12, [], []);
    },
  ],
  [
    "the runners were online before their guests powered off",
    (life) => {
      life.pass(1, [guestOf("a"), guestOf("b")], [recordOf("a"), recordOf("b")]);
      return life.pass(2, [off("a"), off("b")], [offline("a"), offline("b")]);
    },
  ],
  [
    "the records are spent when the guests have powered off",
    (life) => {
      life.pass(1, [guestOf("a"), guestOf("b")], [offline("a"), offline("b")]);
      return life.pass(2, [off("a"), off("b")], []);
    },
  ],
  [
    "the guests are of an earlier life, and past their deadline",
    (life) => {
      const guests = [guestOf("a"), guestOf("b")];
      const runners = [offline("a"), offline("b")];
      life.pass(11, guests, runners);
      life.pass(12, guests, runners);
      return life.pass(13, [], []);
    },
  ],
  [
    "they are still being launched",
    (life) => {
      const hands = ["a", "b"].map((letter) => {
        const { name, node } = guestOf(letter);
        return { key: name, kind: "launch", pool: asPoolName("default"), node };
      });
      life.pass(1, [off("a"), off("b")], [offline("a"), offline("b")], { hands });
      life.pass(2, [off("a"), off("b")], [offline("a"), offline("b")], { hands });
      return life.pass(3, [], []);
    },
  ],
];
for (const [when, play] of innocent) {
  test(`no boot has failed where ${when}`, () => {
    assert.equal(launches(play(new Life())), 6);
  });
}

test("after the rest one guest at a time is tried: the next one when that one has failed too, and rested longer", () => {
  const life = new Life();
  life.failed(2, "ab");
  assert.equal(launches(life.pass(3, [], [])), 1);
  const { name, node } = guestOf("c");
  const hands = [{ key: name, kind: "launch", pool: asPoolName("default"), node }];
  const tried = life.pass(3.1, [], [], { hands });
  assert.equal(launches(tried), 0);
  assert.match(said(tried), /runner-c{10} is tried first/);
  assert.equal(launches(life.pass(4, [guestOf("c")], [offline("c")])), 0);
  assert.match(said(life.pass(5, [off("c")], [offline("c")])), /3 guests in a row .* tried in 2 min/);
  assert.equal(launches(life.pass(7, [], [])), 1);
});

test("a runner that comes online clears its template", () => {
  const life = new Life();
  life.failed(2, "ab");
  life.pass(3, [guestOf("c")], [offline("c")]);
  assert.equal(launches(life.pass(4, [guestOf("c")], [recordOf("c", { busy: true })])), 6);
});

test("a runner that was online all the time says nothing of what its template makes today", () => {
  const life = new Life();
  const old = [guestOf("z")];
  const busy = [recordOf("z", { busy: true })];
  life.pass(0, old, busy);
  life.pass(1, [...old, guestOf("a"), guestOf("b")], [...busy, offline("a"), offline("b")]);
  assert.equal(launches(life.pass(2, [...old, off("a"), off("b")], [...busy, offline("a"), offline("b")])), 0);
});

/** The failed guests are of pool `default`, which has no job: what do the others' jobs get? */
function besides(...others: readonly RunnerPool[]): Decision {
  const life = new Life({ pools: [poolOf({ labels: ["none"] }), ...others] });
  life.failed(2, "ab");
  return life.pass(3, [], []);
}
const poolWith = (name: string, template: string): RunnerPool => {
  const pool = asPoolName(name);
  return poolOf({
    name: pool,
    max: 3,
    guest: specOf({ pool, prefix: name, template: { kind: "name", name: template } }),
  });
};

test("pools of one template share its rest and its trial, others go on at full speed", () => {
  assert.equal(launches(besides(poolWith("p", "base"), poolWith("q", "base"))), 1);
  assert.equal(launches(besides(poolWith("p", "other"), poolWith("q", "other"))), 6);
  assert.equal(launches(besides(poolWith("p", "base"), poolWith("q", "other"))), 4);
});

test("where several templates fail, each is told with its own count", () => {
  const pools = [poolOf({ max: 1 }), poolWith("other", "big")];
  const life = new Life({ pools });
  const made = (letter: string, change: Partial<GuestView> = {}): GuestView =>
    guestOf(letter, { marker: markerOf({ pool: asPoolName("other"), nonce: letter.repeat(10) }), ...change });
  const runners = ["a", "b", "c"].map(offline);
  life.pass(1, [guestOf("a"), made("b"), made("c")], runners);
  life.pass(2, [off("a"), made("b", { power: "stopped" }), made("c", { power: "stopped" })], runners);
  const next = life.pass(2.5, [], []);
  assert.deepEqual(
    next.plan.actions.map((action) => action.pool),
    ["default"],
  );
  assert.match(said(next), /2 guests in a row of template big/);
});
