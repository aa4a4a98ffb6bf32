import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "../../src/domain/time.ts";
import { first, isStart, pathOf, refusal } from "./meddling.ts";
import { type Outcome, play, type Scenario } from "./stage.ts";

const env = { DELIVERY: "agent" };
const none = { guests: 0, seeds: 0, runners: 0 };

const isWrite = (request: Request): boolean => pathOf(request).endsWith("/agent/file-write");
const served = (scenario: Partial<Scenario>): Promise<Outcome> =>
  play({ fault: () => (_, next) => next(), ...scenario, env: { ...env, ...scenario.env } });

const minted = ({ records }: Outcome): number =>
  records.filter((r) => r.event === "github" && r.path.endsWith("/generate-jitconfig") && r.status === 201).length;

test("jobs are served by guests that were armed through their agents, without any seed", async () => {
  const outcome = await served({});
  assert.deepEqual([outcome.served, outcome.left, outcome.foreignTouched], [[1, 1], none, 0]);
  assert.equal(minted(outcome), 2);
  assert.deepEqual(
    outcome.records.filter((r) => r.event === "pve" && r.call === "upload"),
    [],
  );
});

test("a secret that a guest refuses with 500 costs that guest, and the job is served by another", async () => {
  const outcome = await served({
    jobs: 1,
    fault: () => first(1, isWrite, async () => refusal(500, "Agent error: failed to open file (mode: 'wb')")),
  });
  assert.deepEqual([outcome.served, outcome.left], [[1], none]);
  assert.equal(minted(outcome), 2);
});

test("a secret whose second file arrived without an answer starts its runner, and no other is minted", async () => {
  let writes = 0;
  const outcome = await served({
    jobs: 1,
    fault: () => async (request, next) => {
      if (!isWrite(request) || ++writes !== 2) return next();
      await next();
      return refusal(596, "Connection timed out");
    },
  });
  assert.deepEqual([outcome.served, outcome.left], [[1], none]);
  assert.equal(minted(outcome), 1);
});

test("a secret of which only the first half arrived starts nothing, and its guest goes at its boot deadline", async () => {
  let writes = 0;
  const outcome = await served({
    jobs: 1,
    env: { BOOT_TIMEOUT: "3m" },
    fault: () => async (request, next) => (isWrite(request) && ++writes === 2 ? refusal(596, "no answer") : next()),
  });
  assert.deepEqual([outcome.served, outcome.left], [[1], none]);
  assert.equal(minted(outcome), 2);
});

test("an agent that falls silent after it answered costs its guest, and the job is served by another", async () => {
  let silent: string | null = null;
  const outcome = await served({
    jobs: 1,
    env: { BOOT_TIMEOUT: "3m" },
    fault: () => async (request, next) => {
      const guest = /\/qemu\/(\d+)\/agent\//.exec(pathOf(request))?.[1] ?? null;
      if (isWrite(request)) silent ??= guest;
      return guest !== null && guest === silent ? refusal(500, "QEMU guest agent is not running") : next();
    },
  });
  assert.deepEqual([outcome.served, outcome.left], [[1], none]);
});

test("guests whose agents never answer are removed one after another with that reason, and nothing is minted for them", async () => {
  const template = { vmid: 9000, name: "base", node: "pve1", template: true, image: "no-agent" };
  const outcome = await served({
    jobs: 1,
    pve: { guests: [template] },
    env: { BOOT_TIMEOUT: "2m", RUNNER_MAX: "1" },
    patience: 9 * MINUTE,
  });
  assert.equal(minted(outcome), 0);
  assert.match(outcome.log, /does not wait for its secret within 2 min; its guest agent is silent/);
  const gone = outcome.records.filter((r) => r.event === "pve" && r.call === "destroy" && r.status === 200);
  assert.ok(gone.length >= 2, `${gone.length} guests were removed`);
  assert.match(outcome.log, /guests in a row of template base came up without a runner/);
});

test("a start that fails after its phase was written leaves a guest that is removed, never started again", async () => {
  const outcome = await served({
    jobs: 1,
    fault: () => first(1, isStart, async () => refusal(500, "unable to start")),
  });
  assert.deepEqual([outcome.served, outcome.left], [[1], none]);
});
