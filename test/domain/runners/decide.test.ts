import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asPoolName, asVmid } from "../../../src/domain/ids.ts";
import type { Action } from "../../../src/domain/runners/actions.ts";
import { type Decision, decide, type RunnerWorld } from "../../../src/domain/runners/decide.ts";
import { unknownState } from "../../../src/domain/runners/guest-state.ts";
import { looked, withdrawn } from "../../../src/domain/runners/memory.ts";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { forgeOf, guestOf, jobOf, poolOf, recordOf, silentForge, siteOf, start, worldOf } from "../../fixtures.ts";

/** Several passes over worlds that follow each other: `[minutes since the start, world]`. No guest says what it does. */
function passes(...steps: readonly (readonly [number, RunnerWorld])[]): Decision {
  let decision: Decision | null = null;
  for (const [minutes, world] of steps) {
    const now = start + minutes * MINUTE;
    const lists = world.forge.lists.map((list) => ({ ...list, at: now }));
    const memory = decision?.memory ?? world.memory;
    decision = unheard({ ...world, memory, forge: { ...world.forge, lists } }, now);
  }
  assert.ok(decision);
  return decision;
}

/** A pass, and the next one when all guests that it asked have not answered. */
function unheard(world: RunnerWorld, now: number): Decision {
  const decision = decide(world, now);
  const asked = decision.plan.actions.flatMap((action) => (action.kind === "look" ? [action.guest.name] : []));
  if (asked.length === 0) return decision;
  const memory = asked.reduce((known, name) => looked(known, name, unknownState, now), decision.memory);
  return decide({ ...world, memory }, now);
}

const actionsOf = (world: RunnerWorld, minutes = 0): readonly Action[] => passes([minutes, world]).plan.actions;
const kinds = (actions: readonly Action[]): readonly string[] => actions.map((action) => action.kind);
const launchHand = (key: string) => ({ key, kind: "launch", pool: asPoolName("default"), node: asNodeName("pve1") });

test("a waiting job gets a guest, with the reason in words", () => {
  const [action] = actionsOf(worldOf({ forge: forgeOf({ jobs: [jobOf(1)] }) }));
  assert.equal(action?.kind, "launch");
  assert.equal(action?.why, "job job-1 of octo/demo waits; serving 0 of 1 desired, room for 4");
});

test("jobs that arrive together get their guests in one pass", () => {
  const jobs = [jobOf(1), jobOf(2), jobOf(3)];
  assert.deepEqual(kinds(actionsOf(worldOf({ forge: forgeOf({ jobs }) }))), ["launch", "launch", "launch"]);
});

test("a busy runner does not starve a waiting job", () => {
  const site = siteOf([guestOf("a")]);
  const forge = forgeOf({ runners: [recordOf("a", { busy: true })], jobs: [jobOf(2)] });
  assert.deepEqual(kinds(actionsOf(worldOf({ site, forge }))), ["launch"]);
});

test("a guest that boots serves the job it was made for, so none is made twice", () => {
  const site = siteOf([guestOf("a")]);
  const forge = forgeOf({ runners: [recordOf("a", { online: false })], jobs: [jobOf(1)] });
  assert.deepEqual(actionsOf(worldOf({ site, forge })), []);
});

test("a launch in hand serves before its guest is in any list, and the launch is for the other job", () => {
  const hands = [launchHand("runner-bbbbbbbbbb")];
  const actions = actionsOf(worldOf({ hands, forge: forgeOf({ jobs: [jobOf(1), jobOf(2)] }) }));
  assert.deepEqual(
    actions.map((a) => (a.kind === "launch" ? a.job?.id : null)),
    [2],
  );
});

test("a launch in hand and its guest in the list are one", () => {
  const hands = [launchHand("runner-aaaaaaaaaa")];
  const site = siteOf([guestOf("a", { phase: "cloned", power: "stopped" })]);
  const decision = actionsOf(worldOf({ hands, site, forge: forgeOf({ jobs: [jobOf(1)] }) }));
  assert.deepEqual(decision, []);
});

test("the cap counts every guest that takes room, also those that finished", () => {
  const guests = ["a", "b", "c"].map((letter) => guestOf(letter, { power: "stopped" }));
  const pools = [poolOf({ max: 4 })];
  const jobs = [jobOf(1), jobOf(2), jobOf(3)];
  const actions = actionsOf(worldOf({ pools, site: siteOf(guests), forge: forgeOf({ jobs }) }));
  assert.deepEqual(kinds(actions), ["remove", "remove", "remove", "launch"]);
});

test("all pools together stay under the total limit, and the note says so", () => {
  const { plan } = passes([0, worldOf({ maxTotal: 1, forge: forgeOf({ jobs: [jobOf(1), jobOf(2)] }) })]);
  assert.deepEqual(kinds(plan.actions), ["launch"]);
  const full = passes([
    0,
    worldOf({
      maxTotal: 1,
      site: siteOf([guestOf("a")]),
      forge: forgeOf({ jobs: [jobOf(1), jobOf(2)], runners: [recordOf("a")] }),
    }),
  ]);
  assert.match(full.plan.notes.map((n) => n.text).join(), /limit of 1 guests/);
});

test("a stray takes room, is named with its remedy, and is never touched", () => {
  const stray = { why: "it is protected", remedy: "clear its protection" };
  const site = siteOf([guestOf("a", { power: "stopped", stray })]);
  const { plan } = passes([0, worldOf({ pools: [poolOf({ max: 1 })], site, forge: forgeOf({ jobs: [jobOf(1)] }) })]);
  assert.deepEqual(plan.actions, []);
  assert.match(plan.notes.map((n) => n.text).join(), /stray.*protected.*clear its protection/);
});

test("a refused job gets no guest and its reason is said", () => {
  const forge = forgeOf({ jobs: [jobOf(1, { refused: "octo/demo is public" })] });
  const { plan } = passes([0, worldOf({ forge })]);
  assert.deepEqual(plan.actions, []);
  assert.match(plan.notes[0]?.text ?? "", /public/);
});

test("a pool without a usable node says why and launches nothing", () => {
  const blocks = [{ pool: asPoolName("default"), node: asNodeName("pve1"), why: "template base does not exist" }];
  const { plan } = passes([0, worldOf({ site: siteOf([], { blocks }), forge: forgeOf({ jobs: [jobOf(1)] }) })]);
  assert.deepEqual(plan.actions, []);
  assert.match(plan.notes.map((n) => n.text).join(), /template base does not exist/);
});

test("a pool that rests after a failure launches nothing until the rest is over", () => {
  const resting = new Map([["pool default", "tried again in 5 s after: storage full"]]);
  const { plan } = passes([0, worldOf({ resting, forge: forgeOf({ jobs: [jobOf(1)] }) })]);
  assert.deepEqual(plan.actions, []);
  assert.match(plan.notes[0]?.text ?? "", /storage full/);
});

test("a guest that powered off is removed together with the record that it left", () => {
  const site = siteOf([guestOf("a", { power: "stopped" })]);
  const [action] = actionsOf(worldOf({ site, forge: forgeOf({ runners: [recordOf("a", { online: false })] }) }));
  assert.equal(action?.kind, "remove");
  assert.equal(action?.kind === "remove" && action.record?.id, 97);
});

test("a guest of an earlier life that was never started is removed, not started", () => {
  for (const phase of ["cloning", "cloned"] as const) {
    const site = siteOf([guestOf("a", { phase, power: "stopped" })]);
    assert.deepEqual(kinds(actionsOf(worldOf({ site }))), ["remove"], phase);
  }
});

test("what is locked, or on a node that does not answer, is left alone", () => {
  const locked = guestOf("a", { phase: "cloning", power: "stopped", lock: "clone" });
  const cutOff = guestOf("b", { power: "unknown" });
  assert.deepEqual(actionsOf(worldOf({ site: siteOf([locked, cutOff]) }), 600), []);
});

test("without GitHub only guests that are powered off are removed", () => {
  const site = siteOf([guestOf("a"), guestOf("b", { power: "stopped" })]);
  const actions = actionsOf(worldOf({ site, forge: silentForge }), 600);
  assert.deepEqual(
    actions.map((a) => ("guest" in a ? [a.kind, a.guest.vmid] : [a.kind])),
    [["remove", 202]],
  );
});

test("the secret is scrubbed once the runner is online, and not before", () => {
  const site = siteOf([guestOf("a", { seedAttached: true })]);
  assert.deepEqual(kinds(actionsOf(worldOf({ site, forge: forgeOf({ runners: [recordOf("a")] }) }))), ["scrub"]);
  const booting = forgeOf({ runners: [recordOf("a", { online: false })] });
  assert.deepEqual(actionsOf(worldOf({ site, forge: booting })), []);
});

const idle = worldOf({ site: siteOf([guestOf("a")]), forge: forgeOf({ runners: [recordOf("a")] }) });
const without = worldOf({ site: siteOf([guestOf("a")]), forge: forgeOf() });

test("an idle runner beyond demand is deregistered only after its patience", () => {
  assert.deepEqual(passes([0, idle], [4, idle]).plan.actions, []);
  assert.deepEqual(kinds(passes([0, idle], [5, idle]).plan.actions), ["deregister"]);
});

test("an idle runner that a waiting job will take is kept", () => {
  const wanted = worldOf({ site: idle.site, forge: forgeOf({ runners: [recordOf("a")], jobs: [jobOf(1)] }) });
  assert.deepEqual(passes([0, wanted], [60, wanted]).plan.actions, []);
});

test("after a withdrawal the guest lives two more minutes, then it is stopped where all jobs are seen", () => {
  const before = passes([0, idle], [5, idle]);
  const memory = withdrawn(before.memory, guestOf("a").name, start + 5 * MINUTE);
  const at = (minutes: number) => unheard({ ...without, memory }, start + minutes * MINUTE).plan.actions;
  assert.deepEqual(kinds(at(6)), []);
  assert.deepEqual(kinds(at(7)), ["stop"]);
});

test("a withdrawn runner is no server: a job that comes then gets a guest of its own", () => {
  const memory = withdrawn(passes([0, idle]).memory, guestOf("a").name, start);
  const world = { ...idle, memory, forge: forgeOf({ runners: [recordOf("a")], jobs: [jobOf(1)] }) };
  assert.ok(kinds(decide(world, start + MINUTE).plan.actions).includes("launch"));
});

test("a runner that is busy is never retired before the hard lifetime, and then it is", () => {
  const busy = worldOf({ site: siteOf([guestOf("a")]), forge: forgeOf({ runners: [recordOf("a", { busy: true })] }) });
  assert.deepEqual(passes([0, busy], [23 * 60, busy]).plan.actions, []);
  assert.match(passes([0, busy], [20 * 60, busy]).plan.notes[0]?.text ?? "", /stopped at 24 h/);
  assert.deepEqual(kinds(passes([0, busy], [24 * 60, busy]).plan.actions), ["stop"]);
});

test("a job that carries the runner's name makes it busy, whatever the runner list says", () => {
  const jobs = [jobOf(1, { status: "in_progress", runner: guestOf("a").name, startedAt: start })];
  const world = worldOf({ site: siteOf([guestOf("a")]), forge: forgeOf({ runners: [recordOf("a")], jobs }) });
  assert.deepEqual(passes([0, world], [60, world]).plan.actions, []);
});

test("one list without the record is no proof: two, two minutes apart, and two minutes more are", () => {
  const at = (...minutes: readonly number[]) =>
    kinds(passes(...minutes.map((m) => [m, without] as const)).plan.actions);
  assert.deepEqual(at(0), []);
  assert.deepEqual(at(0, 1.9, 3.9), []);
  assert.deepEqual(at(0, 2, 4), ["stop"]);
});

test("a list that could not be read in between does not count as one that lacks the record", () => {
  const silent = { ...without, forge: silentForge };
  assert.deepEqual(kinds(passes([0, without], [3, silent], [10, silent]).plan.actions), []);
});

test("where not all jobs are seen, a runner that was online is left to power off by itself", () => {
  const open = { closedPools: new Set<never>() };
  const online = { ...idle, forge: forgeOf({ runners: [recordOf("a")] }, open) };
  const gone = { ...without, forge: forgeOf({}, open) };
  const decision = passes([0, online], [1, gone], [3, gone], [60, gone]);
  assert.deepEqual(decision.plan.actions, []);
  assert.match(decision.plan.notes[0]?.text ?? "", /waits for power-off/);
});

test("where not all jobs are seen, a guest whose record has been gone for the hard lifetime goes: no job can be younger", () => {
  const pools = [poolOf({ hardLifetime: 3 * HOUR })];
  const open = { closedPools: new Set<never>() };
  const listed = { ...idle, pools, forge: forgeOf({ runners: [recordOf("a", { online: false })] }, open) };
  const gone = { ...without, pools, forge: forgeOf({}, open) };
  const evidenceAt = (minutes: number): readonly unknown[] =>
    passes([0, listed], [1, gone], [4, gone], [minutes, gone]).plan.actions.map((action) =>
      action.kind === "stop" ? action.evidence : action.kind,
    );
  assert.deepEqual(evidenceAt(182), ["silent"], "before, only if its agent is silent");
  assert.deepEqual(evidenceAt(184), ["aged"]);
});

test("a guest that was stamped by a clock ahead of ours has its boot deadline from when we first saw it", () => {
  const { marker, ...guest } = guestOf("a");
  const ahead = { ...guest, marker: { ...marker, created: start + 26 * HOUR } };
  const booting = worldOf({
    site: siteOf([ahead]),
    forge: forgeOf({ runners: [recordOf("a", { online: false })] }),
  });
  assert.deepEqual(passes([0, booting], [9, booting]).plan.actions, []);
  assert.deepEqual(kinds(passes([0, booting], [10, booting]).plan.actions), ["deregister"]);
});

test("a JIT runner that never came online is deregistered after the boot deadline, in two answers", () => {
  const booting = worldOf({
    site: siteOf([guestOf("a")]),
    forge: forgeOf({ runners: [recordOf("a", { online: false })] }),
  });
  assert.deepEqual(passes([0, booting], [9, booting]).plan.actions, []);
  assert.deepEqual(kinds(passes([0, booting], [10, booting]).plan.actions), ["deregister"]);
});

test("a runner that registers by token is awaited, not taken for gone", () => {
  const pools = [poolOf({ registration: "token" })];
  const world = { ...without, pools, forge: forgeOf({ jobs: [jobOf(1)] }) };
  assert.deepEqual(passes([0, world], [4, world], [9, world]).plan.actions, []);
});

test("a record of ours without a guest goes after fifteen minutes, a stranger's never", () => {
  const runners = [
    recordOf("a", { online: false }),
    recordOf("b", { online: false, labels: ["self-hosted"] }),
    recordOf("c", { online: false, ephemeral: false }),
    recordOf("d"),
    { ...recordOf("e", { online: false }), name: "runner-by-hand" as never },
  ];
  const world = worldOf({ forge: forgeOf({ runners }) });
  assert.deepEqual(passes([0, world], [14, world]).plan.actions, []);
  const actions = passes([0, world], [15, world]).plan.actions;
  assert.deepEqual(
    actions.map((a) => (a.kind === "forget" ? a.record.id : a.kind)),
    [97],
  );
});

test("a seed whose guest is gone is swept, one whose guest is there is not", () => {
  const seed = (vmid: number) => ({
    vmid: asVmid(vmid),
    node: asNodeName("pve1"),
    store: "iso local" as const,
    holdsContent: true,
  });
  const forge = forgeOf({ runners: [recordOf("a", { online: false })] });
  const site = siteOf([guestOf("a")], { seeds: [seed(201), seed(202)] });
  const actions = actionsOf(worldOf({ site, forge }));
  assert.deepEqual(
    actions.map((a) => (a.kind === "sweep" ? a.vmid : a.kind)),
    [202],
  );
});

test("what is in our hands is left alone until the operation is over", () => {
  const site = siteOf([guestOf("a", { power: "stopped" })]);
  const hands = [{ key: guestOf("a").name, kind: "remove", pool: asPoolName("default"), node: asNodeName("pve1") }];
  assert.deepEqual(actionsOf(worldOf({ site, hands })), []);
});

test("guests spread over the pool's nodes", () => {
  const guest = { ...poolOf().guest, nodes: [asNodeName("pve1"), asNodeName("pve2")] };
  const nodes = ["pve1", "pve2"].map((name) => ({
    name: asNodeName(name),
    online: true,
    freeMemory: null,
    load: null,
  }));
  const world = worldOf({
    pools: [poolOf({ guest })],
    site: siteOf([guestOf("a")], { nodes }),
    forge: forgeOf({ runners: [recordOf("a", { busy: true })], jobs: [jobOf(1), jobOf(2), jobOf(3)] }),
  });
  const placed = actionsOf(world).map((a) => (a.kind === "launch" ? a.node : a.kind));
  assert.deepEqual(placed, ["pve2", "pve1", "pve2"]);
});

test("ten thousand guests are decided without quadratic work", () => {
  const guests = Array.from({ length: 10_000 }, (_, i) => {
    const nonce = String(i).padStart(10, "x");
    return { ...guestOf("a"), vmid: asVmid(1_000 + i), name: `runner-${nonce}` as never };
  });
  const runners = guests.map((g, i) => ({ ...recordOf("a", { busy: true }), id: i as never, name: g.name }));
  const world = worldOf({
    pools: [poolOf({ max: 20_000 })],
    maxTotal: 20_000,
    site: siteOf(guests),
    forge: forgeOf({ runners }),
  });
  const counting = decide(world, start + SECOND);
  assert.equal(counting.sightings.length, 10_000);
  assert.equal(counting.memory.traces.size, 10_000);
  assert.ok(decide({ ...world, memory: counting.memory }, start + HOUR).plan.actions.length === 0);
});

test("a guest of ours that the token cannot see takes room, and the missing privilege is named", () => {
  const hidden = [{ pool: asPoolName("default"), vmid: asVmid(203), why: "it cannot be seen: grant VM.Audit" }];
  const world = worldOf({
    pools: [poolOf({ max: 1 })],
    site: siteOf([], { hidden }),
    forge: forgeOf({ jobs: [jobOf(1)] }),
  });
  const { plan } = passes([0, world]);
  assert.deepEqual(plan.actions, []);
  assert.match(plan.notes.map((n) => n.text).join(), /grant VM\.Audit/);
});

test("a job whose labels no pool has is named with them, a job for GitHub's own machines is not", () => {
  const jobs = [jobOf(1, { labels: ["self-hosted", "gpu"] }), jobOf(2, { labels: ["ubuntu-latest"] })];
  const { notes } = passes([0, worldOf({ forge: forgeOf({ jobs }) })]).plan;
  assert.deepEqual(
    notes.map((n) => n.text),
    ["job-1 of octo/demo gets no guest: no pool has self-hosted, gpu"],
  );
});

test("what GitHub could not be asked is said", () => {
  const { notes } = passes([0, worldOf({ forge: silentForge })]).plan;
  assert.ok(notes.some((n) => n.about.includes("octo/demo") && n.text === "GitHub does not answer"));
});

test("nothing is launched for a pool whose runners GitHub does not list", () => {
  const silentScopes = new Map([["repos/octo/demo" as const, "GitHub answered 403"]]);
  const forge = forgeOf({ jobs: [jobOf(1)] }, { lists: [], silentScopes });
  const { plan } = passes([0, worldOf({ forge })]);
  assert.deepEqual(plan.actions, []);
  assert.match(plan.notes.map((n) => n.text).join(), /does not list its runners.*GitHub answered 403/);
});

test("a drain gives no job a guest, and lets an idle runner go at once", () => {
  const idle = worldOf({
    draining: true,
    site: siteOf([guestOf("a"), guestOf("b")]),
    forge: forgeOf({ runners: [recordOf("a"), recordOf("b", { busy: true })], jobs: [jobOf(1), jobOf(2)] }),
  });
  const { plan } = passes([0, idle], [2.1, idle]);
  assert.deepEqual(
    plan.actions.map(({ kind, why }) => [kind, why]),
    [["deregister", "it has no job, and this is a drain; idle in answers 2 min apart"]],
  );
});
