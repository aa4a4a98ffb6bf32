import assert from "node:assert/strict";
import { test } from "node:test";
import { asPoolName } from "../../../src/domain/ids.ts";
import type { ForgeView, GuestView } from "../../../src/domain/observation.ts";
import { type Decision, decide, type RunnerWorld } from "../../../src/domain/runners/decide.ts";
import { armed, heard, type Memory, type Readiness } from "../../../src/domain/runners/memory.ts";
import { stageOf } from "../../../src/domain/runners/stage.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import { forgeOf, guestOf, jobOf, poolOf, recordOf, silentForge, siteOf, start, worldOf } from "../../fixtures.ts";

const pool = poolOf({ delivery: { kind: "agent" }, idlePatience: 2 * MINUTE });

/** Guests that run without a secret, through time. */
class Nursery {
  memory: Memory = worldOf().memory;
  now = start;
  guests: readonly GuestView[];
  forge: ForgeView = forgeOf({ jobs: [jobOf(1)] });

  constructor(letters = "a", change: Parameters<typeof guestOf>[1] = {}) {
    this.guests = [...letters].map((letter) => guestOf(letter, { phase: "started", ...change }));
  }

  decide(change: Partial<RunnerWorld> = {}): Decision {
    const { guests, memory } = this;
    const forge = { ...this.forge, lists: this.forge.lists.map((list) => ({ ...list, at: this.now })) };
    const decision = decide(worldOf({ pools: [pool], site: siteOf(guests), forge, memory, ...change }), this.now);
    this.memory = decision.memory;
    return decision;
  }

  /** What would be done after so long, as `kind name`. */
  after(ms: number, change: Partial<RunnerWorld> = {}): readonly string[] {
    this.now += ms;
    return this.decide(change).plan.actions.map((action) => {
      if (action.kind === "stop") return `stop ${action.evidence} ${action.guest.name.at(-1)}`;
      if (action.kind === "look") return `look ${action.about} ${action.guest.name.at(-1)}`;
      return "guest" in action ? `${action.kind} ${action.guest.name.at(-1)}` : action.kind;
    });
  }

  hears(letter: string, readiness: Readiness): this {
    const { name } = guestOf(letter);
    this.memory = heard(this.memory, { name, template: "base" }, readiness, this.now);
    return this;
  }
}

test("a guest that runs without a secret has a stage of its own, whatever GitHub lists, and serves", () => {
  const nursery = new Nursery("a");
  assert.deepEqual(nursery.after(0), [], "no launch: it will take the job");
  assert.deepEqual(nursery.decide().sightings.map(stageOf), ["unarmed"]);
  nursery.forge = forgeOf({ jobs: [jobOf(1)], runners: [recordOf("a", { online: false })] });
  assert.deepEqual(nursery.decide().sightings.map(stageOf), ["unarmed"], "a config was minted and never written");
  nursery.forge = silentForge;
  assert.deepEqual(nursery.decide().sightings.map(stageOf), ["unclear"]);
});

test("a guest of an unknown template is asked five seconds after its start, and then less and less often", () => {
  const nursery = new Nursery();
  const asked: number[] = [];
  for (; nursery.now < start + 2 * MINUTE; nursery.now += SECOND) {
    if (nursery.after(0).length === 0) continue;
    asked.push((nursery.now - start) / SECOND);
    nursery.hears("a", "silent");
  }
  assert.deepEqual(asked, [5, 10, 15, 20, 25, 32, 40, 50, 63, 79, 99]);
});

test("the next pass comes when the next guest is to be asked", () => {
  const nursery = new Nursery();
  assert.equal(nursery.decide().plan.due, start + 5 * SECOND);
  nursery.now += 5 * SECOND;
  nursery.hears("a", "silent");
  assert.equal(nursery.decide().plan.due, start + 10 * SECOND);
  nursery.hears("a", "waiting");
  assert.equal(nursery.decide().plan.due, null);
});

test("how long a template boots is learned: its next guest is asked shortly before", () => {
  const nursery = new Nursery("a");
  nursery.after(0);
  nursery.now += 40 * SECOND;
  nursery.hears("a", "waiting");
  nursery.guests = [guestOf("b", { phase: "started", power: "stopped" })];
  nursery.after(0, { hands: [hand("launch", "b")] });
  nursery.guests = [guestOf("b", { phase: "started" })];
  assert.deepEqual(nursery.after(SECOND), []);
  assert.deepEqual(nursery.after(31 * SECOND), []);
  assert.deepEqual(nursery.after(SECOND), ["arm b"]);
});

test("a guest that ran already when a process first saw it counts from its making, and is asked at once", () => {
  assert.deepEqual(new Nursery().after(30 * SECOND), ["arm a"]);
});

test("a guest for which no job waits is asked whether it is up, and nothing is minted for it", () => {
  const nursery = new Nursery();
  nursery.forge = forgeOf();
  assert.deepEqual(nursery.after(30 * SECOND), ["look readiness a"]);
  nursery.hears("a", "waiting");
  assert.deepEqual(nursery.after(SECOND), []);
  assert.match(nursery.decide().plan.notes[0]?.text ?? "", /waits for its secret, and no job waits for it/);
});

test("a guest that waits takes the next job of its pool, whichever that is", () => {
  const nursery = new Nursery();
  nursery.forge = forgeOf();
  nursery.after(30 * SECOND);
  nursery.hears("a", "waiting");
  nursery.after(MINUTE);
  nursery.forge = forgeOf({ jobs: [jobOf(7)] });
  assert.deepEqual(nursery.after(SECOND), ["arm a"]);
});

test("a guest that no job has wanted for the idle timeout is removed, as its phase proves that it has no runner", () => {
  const nursery = new Nursery();
  nursery.forge = forgeOf();
  nursery.after(30 * SECOND);
  nursery.hears("a", "waiting");
  assert.deepEqual(nursery.after(2 * MINUTE - SECOND), []);
  assert.deepEqual(nursery.after(SECOND), ["stop unarmed a"]);
});

test("a drain lets guests without a secret go at once", () => {
  assert.deepEqual(new Nursery().after(SECOND, { draining: true }), ["stop unarmed a"]);
});

test("one job arms one guest, that one which waits already; runners that idle come before it", () => {
  const nursery = new Nursery("abc");
  nursery.after(30 * SECOND);
  nursery.hears("b", "waiting");
  assert.deepEqual(nursery.after(0), ["look readiness a", "arm b", "look readiness c"]);
  nursery.guests = [...nursery.guests, guestOf("d")];
  nursery.forge = forgeOf({ jobs: [jobOf(1)], runners: [recordOf("d")] });
  assert.deepEqual(nursery.after(0), ["look readiness a", "look readiness c"]);
});

test("a guest that is being armed is left alone and serves", () => {
  const nursery = new Nursery();
  assert.deepEqual(nursery.after(30 * SECOND, { hands: [hand("arm", "a")] }), []);
});

test("a record of a config that was never written is named, so that it goes before another is minted", () => {
  const nursery = new Nursery();
  nursery.forge = forgeOf({ jobs: [jobOf(1)], runners: [recordOf("a", { online: false })] });
  nursery.after(30 * SECOND);
  const [action] = nursery.decide().plan.actions;
  assert.ok(action?.kind === "arm");
  assert.equal(action.record?.id, recordOf("a").id);
});

for (const [readiness, words] of [
  ["silent", /within 10 min; its guest agent is silent \(asked 1 s ago\)/],
  ["answers", /its guest agent answers, but its image does not say that it waits/],
  ["unknown", /what its guest agent says cannot be known/],
] as const) {
  test(`a guest that has not said that it waits within its boot deadline is removed with what was heard of it (${readiness})`, () => {
    const nursery = new Nursery();
    nursery.after(0);
    nursery.now += 10 * MINUTE - SECOND;
    nursery.hears("a", readiness);
    assert.deepEqual(
      nursery.after(0).filter((what) => what.startsWith("stop")),
      [],
    );
    nursery.now += SECOND;
    const [action] = nursery.decide().plan.actions;
    assert.ok(action?.kind === "stop");
    assert.match(action.why, words);
  });
}

test("two guests that never said that they wait make their template rest; those that waited do not", () => {
  const failing = (readiness: Readiness): string => {
    const nursery = new Nursery("ab");
    nursery.after(0);
    nursery.now += 10 * MINUTE;
    nursery.hears("a", readiness).hears("b", readiness);
    nursery.forge = forgeOf({ jobs: [1, 2, 3].map((id) => jobOf(id)) });
    return nursery
      .decide()
      .plan.notes.map(({ text }) => text)
      .join();
  };
  assert.match(failing("silent"), /2 guests in a row of template base came up without a runner/);
  assert.doesNotMatch(failing("waiting"), /in a row/);
});

test("a guest that waits is not given up when GitHub keeps us waiting beyond its boot deadline", () => {
  const nursery = new Nursery();
  nursery.after(30 * SECOND);
  nursery.hears("a", "waiting");
  const resting = new Map([[guestOf("a").name, "tried again in 5 s after: GitHub refused"]]);
  assert.deepEqual(nursery.after(20 * MINUTE, { resting }), []);
  assert.deepEqual(nursery.after(0), ["arm a"]);
});

test("a guest that was armed late has its whole boot deadline from then on", () => {
  const nursery = new Nursery();
  nursery.after(30 * SECOND);
  nursery.hears("a", "waiting");
  nursery.now += 30 * MINUTE;
  nursery.memory = armed(nursery.memory, guestOf("a").name, nursery.now);
  nursery.guests = [guestOf("a")];
  nursery.forge = forgeOf({ runners: [recordOf("a", { online: false })] });
  assert.deepEqual(nursery.after(9 * MINUTE), []);
  assert.deepEqual(nursery.after(MINUTE), ["look job a"]);
});

test("a guest without a secret that is powered off is removed and never started again, and counts against its template", () => {
  const nursery = new Nursery("ab");
  nursery.after(SECOND);
  nursery.guests = nursery.guests.map((guest) => ({ ...guest, power: "stopped" }));
  nursery.forge = forgeOf({ jobs: [1, 2, 3].map((id) => jobOf(id)) });
  assert.deepEqual(nursery.after(SECOND), ["remove a", "remove b"]);
  assert.match(nursery.decide().plan.notes[0]?.text ?? "", /2 guests in a row of template base/);
});

test("a runner that was just armed is not taken for gone because it had no record before", () => {
  const nursery = new Nursery();
  for (let minute = 0; minute < 5; minute++) nursery.after(MINUTE);
  nursery.memory = armed(nursery.memory, guestOf("a").name, nursery.now);
  nursery.guests = [guestOf("a")];
  nursery.forge = forgeOf();
  assert.deepEqual(nursery.after(SECOND), [], "GitHub's list is late");
});

const hand = (kind: string, letter: string): RunnerWorld["hands"][number] => ({
  key: guestOf(letter).name,
  kind,
  pool: asPoolName("default"),
  node: guestOf(letter).node,
});
