import assert from "node:assert/strict";
import { test } from "node:test";
import { asGuestName, asNodeName, asPoolName, asVmid } from "../../../src/domain/ids.ts";
import { decide, type RunnerWorld } from "../../../src/domain/runners/decide.ts";
import { forgeOf, guestOf, recordOf, siteOf, start, worldOf } from "../../fixtures.ts";

const destroyed = new Set(["a", "b", "c"].map((letter) => guestOf(letter).name));

function forgotten(change: Partial<RunnerWorld>): readonly string[] {
  const { plan } = decide(worldOf({ destroyed, ...change }), start);
  return plan.actions.flatMap((action) => (action.kind === "forget" ? [`${action.name}: ${action.why}`] : []));
}

test("the record of a guest that we have removed goes at once, that of an unknown guest does not", () => {
  const runners = [recordOf("a", { online: false }), recordOf("d", { online: false })];
  assert.deepEqual(forgotten({ forge: forgeOf({ runners }) }), ["runner-aaaaaaaaaa: its guest was removed"]);
});

test("every other proof is wanted of it all the same", () => {
  const runners = [
    recordOf("a", { online: false, labels: ["self-hosted"] }),
    recordOf("b", { online: false, ephemeral: false }),
    recordOf("c"),
    recordOf("c", { online: false, busy: true }),
    { ...recordOf("d", { online: false }), name: asGuestName("runner-by-hand") },
  ];
  const named = new Set([...destroyed, asGuestName("runner-by-hand")]);
  assert.deepEqual(forgotten({ destroyed: named, forge: forgeOf({ runners }) }), []);
});

test("it is left while its guest is still listed, is in our hands, or rests after a failure", () => {
  const forge = forgeOf({ runners: [recordOf("a", { online: false })] });
  const { name, node, marker } = guestOf("a");
  assert.deepEqual(forgotten({ forge, site: siteOf([guestOf("a")]) }), []);
  assert.deepEqual(forgotten({ forge, hands: [{ key: name, kind: "remove", pool: marker.pool, node }] }), []);
  assert.deepEqual(forgotten({ forge, resting: new Map([[name, "tried again in 5 s"]]) }), []);
});

test("while a guest of the pool cannot be read, neither records nor its seed are taken for orphans", () => {
  const hidden = [{ pool: asPoolName("default"), vmid: asVmid(203), why: "its node does not answer" }];
  const seed = { vmid: asVmid(203), node: asNodeName("pve1"), store: "iso local", holdsContent: true } as const;
  const forge = forgeOf({ runners: [recordOf("a", { online: false })] });
  const swept = (world: Partial<RunnerWorld>): readonly string[] =>
    decide(worldOf(world), start).plan.actions.map(({ kind }) => kind);
  assert.deepEqual(forgotten({ forge, site: siteOf([], { hidden }) }), []);
  assert.deepEqual(swept({ site: siteOf([], { hidden, seeds: [seed] }) }), []);
  assert.deepEqual(swept({ site: siteOf([], { seeds: [seed] }) }), ["sweep"]);
});
