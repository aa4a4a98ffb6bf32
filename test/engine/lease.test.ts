import assert from "node:assert/strict";
import { test } from "node:test";
import { asInstanceName } from "../../src/domain/ids.ts";
import type { LeaseSeen, LeaseText } from "../../src/domain/lease.ts";
import { SECOND } from "../../src/domain/time.ts";
import { Lease, type LeaseRecord } from "../../src/engine/lease.ts";
import { type Role, Writer } from "../../src/engine/writer.ts";
import { ManualClock } from "../clock.ts";

const { signal } = new AbortController();

/** One text in PVE, which any number of dispatchers compare and set. */
class Text {
  now: LeaseText | null = null;
  version = 0;
  /** What the next calls meet: an answer that is lost before or after the write, or nobody who answers. */
  trouble: "none" | "silent" | "lost before" | "lost after" = "none";
  /** On the way back from a write. */
  slowness: () => Promise<void> = async () => {};

  seenBy(): LeaseRecord {
    let seen = -1;
    const write = async (lease: LeaseText, fits: boolean): Promise<boolean> => {
      if (this.trouble === "silent" || this.trouble === "lost before") throw new Error("no answer");
      if (!fits) return false;
      this.now = lease;
      this.version++;
      if (this.trouble === "lost after") throw new Error("no answer");
      await this.slowness();
      return true;
    };
    return {
      name: "the lease",
      read: async (): Promise<LeaseSeen> => {
        if (this.trouble === "silent") throw new Error("no answer");
        seen = this.version;
        return this.now === null ? { kind: "absent" } : { kind: "written", lease: this.now };
      },
      create: (lease) => write(lease, this.now === null),
      replace: (lease) => write(lease, this.version === seen),
    };
  }
}

/** The low bits of most simple generators repeat soon, and nonces are made of low bits. */
function chanceOf(seed: number) {
  let state = seed;
  return {
    below(limit: number): number {
      state = (Math.imul(state ^ (state >>> 15), 2_246_822_519) + 374_761_393) >>> 0;
      return (state >>> 8) % limit;
    },
  };
}

function stage() {
  const clock = new ManualClock();
  const text = new Text();
  const dead = new Set<string>();
  const wall = { ahead: 0 };
  const moment = () => ({ steady: clock.now(), wall: clock.now() + wall.ahead });
  const leaseOf = (record: Text, holder: string, seed: number) =>
    new Lease({
      record: record.seenBy(),
      instance: asInstanceName("home"),
      chance: chanceOf(seed),
      holder,
      isDead: (other) => dead.has(other),
      moment,
    });
  const dispatcher = (holder: string, seed: number) => {
    const roles: Role["kind"][] = [];
    const lease = leaseOf(text, holder, seed);
    const writer = new Writer({ leases: [lease], clock, onRole: (role) => roles.push(role.kind) });
    return { writer, roles, holds: () => writer.role().kind === "holder" };
  };
  return { clock, text, dead, wall, leaseOf, first: dispatcher("one", 1), second: dispatcher("two", 2) };
}

test("of two dispatchers one holds the lease, and the other says who", async () => {
  const { first, second } = stage();
  await first.writer.attempt(signal);
  const role = await second.writer.attempt(signal);
  assert.equal(first.holds(), true);
  assert.ok(role.kind === "standby" && role.why.includes("one holds it"), JSON.stringify(role));
  assert.throws(() => second.writer.mustHold("start 200"), {
    code: "standby",
    message: /^start 200: not while on standby/,
  });
});

test("a lease that is renewed lasts, and one that is not ends thirty seconds after the last good write", async () => {
  const { clock, first, text } = stage();
  const stop = new AbortController();
  const kept = first.writer.keep(stop.signal);
  await clock.pass(120 * SECOND);
  assert.equal(first.holds(), true);
  text.trouble = "silent";
  await clock.pass(17 * SECOND);
  assert.equal(first.holds(), true);
  await clock.pass(15 * SECOND);
  assert.equal(first.holds(), false);
  text.trouble = "none";
  await clock.pass(3 * SECOND);
  assert.equal(first.holds(), true, "nobody else has written: it is ours again");
  stop.abort();
  await kept;
  assert.deepEqual(first.roles, ["holder", "standby", "holder"]);
});

test("a standby takes over 45 seconds after the holder's last write, and not before the holder has stopped", async () => {
  const { clock, first, second } = stage();
  await first.writer.attempt(signal);
  const stop = new AbortController();
  const kept = second.writer.keep(stop.signal);
  await clock.pass(29 * SECOND);
  assert.deepEqual([first.holds(), second.holds()], [true, false]);
  await clock.pass(14 * SECOND);
  assert.deepEqual([first.holds(), second.holds()], [false, false]);
  await clock.pass(6 * SECOND);
  assert.deepEqual([first.holds(), second.holds()], [false, true]);
  await first.writer.attempt(signal);
  assert.equal(first.holds(), false, "the first finds another's nonce and waits in its turn");
  stop.abort();
  await kept;
});

test("both never hold it at once, whatever answers are lost", async () => {
  for (const trouble of ["lost before", "lost after"] as const) {
    const { clock, first, second, text } = stage();
    const stop = new AbortController();
    const kept = [first.writer.keep(stop.signal), second.writer.keep(stop.signal)];
    let both = 0;
    let either = 0;
    for (let step = 0; step < 300; step++) {
      text.trouble = step % 40 < 25 ? trouble : "none";
      await clock.pass(SECOND);
      if (first.holds() && second.holds()) both++;
      if (first.holds() || second.holds()) either++;
    }
    stop.abort();
    await Promise.all(kept);
    assert.equal(both, 0, trouble);
    assert.ok(either > 60, `${trouble}: somebody held it in ${either} of 300 seconds`);
  }
});

test("a write whose answer was lost counts from its sending", async () => {
  const { clock, first, text } = stage();
  text.trouble = "lost after";
  await first.writer.attempt(signal);
  assert.equal(first.holds(), false);
  await clock.pass(29 * SECOND);
  text.trouble = "silent";
  await first.writer.attempt(signal);
  assert.equal(first.holds(), false);
  text.trouble = "lost before";
  await first.writer.attempt(signal);
  assert.equal(first.holds(), true, "the nonce that stands there is its own, a second of its time is left");
  await clock.pass(2 * SECOND);
  assert.equal(first.holds(), false);
});

test("a lease that was given back, or whose holder is known to be dead, is taken at once", async () => {
  const given = stage();
  await given.first.writer.attempt(signal);
  await given.first.writer.release(signal);
  assert.equal(given.first.holds(), false);
  await given.second.writer.attempt(signal);
  assert.equal(given.second.holds(), true);

  const killed = stage();
  await killed.first.writer.attempt(signal);
  killed.dead.add("one");
  await killed.second.writer.attempt(signal);
  assert.equal(killed.second.holds(), true);
});

test("a clock on the wall that jumps ahead ends the own lease, never another's", async () => {
  const { first, second, wall } = stage();
  await first.writer.attempt(signal);
  await second.writer.attempt(signal);
  wall.ahead = 3_600 * SECOND;
  assert.equal(first.holds(), false);
  await second.writer.attempt(signal);
  assert.equal(second.holds(), false);
  await first.writer.attempt(signal);
  assert.equal(first.holds(), true);
});

test("a lease that somebody removed is not made anew by a standby while its holder may have time left", async () => {
  const { clock, first, second, text } = stage();
  await first.writer.attempt(signal);
  await second.writer.attempt(signal);
  text.now = null;
  text.version++;
  await second.writer.attempt(signal);
  assert.deepEqual([first.holds(), second.holds()], [true, false]);
  await clock.pass(46 * SECOND);
  await second.writer.attempt(signal);
  assert.deepEqual([first.holds(), second.holds()], [false, true]);
});

test("a lease counts from the sending of its write, however late the answer comes", async () => {
  const { clock, text, first } = stage();
  text.slowness = () => clock.sleep(10 * SECOND, signal);
  await clock.until(first.writer.attempt(signal));
  assert.equal(first.holds(), true);
  await clock.pass(19 * SECOND);
  assert.equal(first.holds(), true);
  await clock.pass(2 * SECOND);
  assert.equal(first.holds(), false, "thirty seconds after the sending, not after the answer");
});

test("who wants several leases changes nothing until all are held", async () => {
  const { clock, leaseOf } = stage();
  const texts = [new Text(), new Text()];
  await leaseOf(texts[1] ?? new Text(), "other", 9).tick(signal);
  const leases = texts.map((text, at) => leaseOf(text, "one", at + 3));
  const writer = new Writer({ leases, clock, onRole: () => {} });
  const role = await writer.attempt(signal);
  assert.ok(role.kind === "standby" && role.why.includes("other holds it"), JSON.stringify(role));
  assert.equal(leases[0]?.waiting(), null, "the first is held");
  assert.throws(() => writer.mustHold("start 200"), { code: "standby" });
});
