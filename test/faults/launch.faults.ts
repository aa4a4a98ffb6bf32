import assert from "node:assert/strict";
import { test } from "node:test";
import { whileHolding } from "../../src/app/hold.ts";
import { removeTrial, type Tell, tryTemplate } from "../../src/cli/launch/trial.ts";
import { MINUTE } from "../../src/domain/time.ts";
import { open, type Scenario } from "./stage.ts";

/** `dispatcher launch`, on the clock of its world. */
async function tried(scenario: Partial<Scenario>) {
  const world = await open({ jobs: 0, fault: () => (_, next) => next(), ...scenario });
  const { dispatcher, config, until, left } = world;
  const [pool] = config.pools;
  assert.ok(pool);
  const steps: string[] = [];
  const texts: string[] = [];
  const tell: Tell = (step, text) => {
    steps.push(step);
    texts.push(text);
  };
  const { signal } = new AbortController();
  try {
    const held = await until(
      whileHolding(dispatcher.writer, async () => {
        const trial = await tryTemplate(dispatcher.tools, pool, tell, signal);
        const leftBefore = left();
        const removed = await removeTrial(dispatcher.tools, pool, trial, tell, signal);
        return { trial, removed, leftBefore, left: left(), steps, text: texts.join("\n") };
      }),
    );
    if (!held.held) throw new Error(held.why);
    return held.value;
  } finally {
    await world.close();
  }
}

const none = { guests: 0, seeds: 0, runners: 0 };

test("a template that serves is launched without a job, seen online, and removed without a trace", async () => {
  const { trial, removed, leftBefore, left, steps } = await tried({});
  assert.deepEqual(steps, [
    ...["accepted", "cloned", "prepared", "started", "agent", "online"],
    ...["withdrawn", "removed"],
  ]);
  assert.ok(trial.onlineMs !== null && trial.onlineMs < 2 * MINUTE);
  assert.deepEqual(leftBefore, { guests: 1, seeds: 1, runners: 1 });
  assert.deepEqual({ removed, left }, { removed: true, left: none });
});

test("a template without a runner is given its boot deadline, its agent is told of, and it is removed", async () => {
  const guests = [{ vmid: 9000, name: "base", node: "pve1", template: true, image: "no-runner" }];
  const { trial, left, text } = await tried({ pve: { guests }, env: { BOOT_TIMEOUT: "5m" } });
  assert.equal(trial.onlineMs, null);
  assert.match(text, /no runner came online within 5 min; it boots/);
  assert.deepEqual(left, none);
});

test("a guest that has taken a job meanwhile is not removed", async () => {
  const { removed, left, text } = await tried({ jobs: 1 });
  assert.equal(removed, false);
  assert.match(text, /has taken a job/);
  assert.equal(left.guests, 1);
});

test("a node that is away is the reason why nothing is launched", async () => {
  await assert.rejects(
    tried({ pve: { nodes: [{ name: "pve1", online: false }, { name: "pve2" }] } }),
    /No route to host/,
  );
});
