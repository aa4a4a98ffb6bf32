import assert from "node:assert/strict";
import { test } from "node:test";
import { Engine } from "../../src/engine/engine.ts";
import type { EngineEvent } from "../../src/engine/events.ts";
import type { Site } from "../../src/engine/site.ts";
import type { Role } from "../../src/engine/writer.ts";
import { ManualClock } from "../clock.ts";
import { siteOf } from "../fixtures.ts";

const { signal } = new AbortController();

function stage() {
  const lease: { role: Role } = { role: { kind: "holder" } };
  const looks: ("with seeds" | "without")[] = [];
  const events: EngineEvent[] = [];
  const site = {
    observe: async (_: AbortSignal, { seeds }: { seeds: boolean }) => {
      looks.push(seeds ? "with seeds" : "without");
      return siteOf();
    },
  } as unknown as Site;
  const engine = new Engine({
    site,
    features: [],
    role: () => lease.role,
    clock: new ManualClock(),
    interval: 15_000,
    onEvent: (event) => events.push(event),
  });
  const pass = (role: Role) => {
    lease.role = role;
    return engine.pass(signal, signal);
  };
  return { looks, events, pass };
}

const waiting: Role = { kind: "standby", why: "another holds it", inTurn: true };

test("a dispatcher on standby neither looks nor does anything, and says why", async () => {
  const { looks, events, pass } = stage();
  await pass(waiting);
  assert.deepEqual(looks, []);
  assert.deepEqual(events, [{ event: "pass.standby", why: "another holds it" }]);
});

test("whoever takes over looks for everything that the other has left behind", async () => {
  const { looks, pass } = stage();
  await pass({ kind: "holder" });
  await pass({ kind: "holder" });
  assert.deepEqual(looks, ["with seeds", "without"]);
  await pass(waiting);
  await pass({ kind: "holder" });
  assert.deepEqual(looks, ["with seeds", "without", "with seeds"]);
});
