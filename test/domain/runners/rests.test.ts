import assert from "node:assert/strict";
import { test } from "node:test";
import { asNodeName, asPoolName } from "../../../src/domain/ids.ts";
import type { RunnerPool } from "../../../src/domain/pool.ts";
import { decide } from "../../../src/domain/runners/decide.ts";
import { forgeOf, jobOf, poolOf, siteOf, specOf, start, worldOf } from "../../fixtures.ts";

const nodes = ["n1", "n2", "n3"].map(asNodeName);
const site = siteOf([], { nodes: nodes.map((name) => ({ name, online: true, freeMemory: null, load: null })) });

const poolWith = (name: string, template: string, on = nodes): RunnerPool => {
  const pool = asPoolName(name);
  return poolOf({
    name: pool,
    labels: [name],
    guest: specOf({ pool, template: { kind: "name", name: template }, nodes: on }),
  });
};

/** `pool@node` of each launch when a job waits for each pool; and all that is said. */
function launches(pools: readonly RunnerPool[], pairs: readonly string[]): { launched: string[]; said: string } {
  const resting = new Map(pairs.map((pair) => [pair, "tried again in 5 s after: storage full"]));
  const jobs = pools.map((pool, index) => jobOf(index + 1, { labels: ["self-hosted", pool.name] }));
  const { plan } = decide(worldOf({ pools, maxTotal: 9, site, resting, forge: forgeOf({ jobs }) }), start);
  const launched = plan.actions.flatMap((a) => (a.kind === "launch" ? [`${a.pool}@${a.node}`] : []));
  return { launched, said: plan.notes.map(({ text }) => text).join("\n") };
}

test("after a failed launch another node is chosen at once", () => {
  assert.deepEqual(launches([poolWith("a", "base")], ["template base on n1"]).launched, ["a@n2"]);
});

test("a template that failed on two nodes rests on all, with the reason", () => {
  const { launched, said } = launches([poolWith("a", "base")], ["template base on n1", "template base on n2"]);
  assert.deepEqual(launched, []);
  assert.match(said, /node n3: template base rests, it failed on n1 \(tried again in 5 s after: storage full\), n2/);
});

test("a node on which two templates failed rests for a third", () => {
  const n1 = [asNodeName("n1")];
  const pools = [poolWith("a", "base"), poolWith("b", "big"), poolWith("c", "other", n1)];
  const { launched, said } = launches(pools, ["template base on n1", "template big on n1"]);
  assert.deepEqual(launched, ["a@n2", "b@n3"]);
  assert.match(said, /node n1: it rests, launches failed there of base .*, big/);
});

test("a failing pool does not hold up another that shares nothing with it", () => {
  const pools = [poolWith("a", "base", [asNodeName("n1")]), poolWith("b", "big")];
  assert.deepEqual(launches(pools, ["template base on n1"]).launched, ["b@n1"]);
});

test("two pools of one template share its rest", () => {
  const n1 = [asNodeName("n1")];
  const pools = [poolWith("a", "base", n1), poolWith("b", "base", n1)];
  assert.deepEqual(launches(pools, ["template base on n1"]).launched, []);
});

test("a fault that is neither the template's nor the node's rests its pool alone", () => {
  assert.deepEqual(launches([poolWith("a", "base"), poolWith("b", "base")], ["pool a"]).launched, ["b@n1"]);
});
