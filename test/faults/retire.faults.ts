import assert from "node:assert/strict";
import { test } from "node:test";
import { whileHolding } from "../../src/app/hold.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { AuditRecord } from "../../src/emulator/audit.ts";
import { open, type Scenario } from "./stage.ts";

type Lived = Awaited<ReturnType<typeof open>>;

/** The daemon in a world until nothing is left, and what the guests said through their agents meanwhile, each change once. */
async function live(scenario: Partial<Scenario>, step: (world: Lived, second: number) => void = () => {}) {
  const world = await open({ jobs: 1, fault: () => (_, next) => next(), ...scenario });
  const { dispatcher, clock, github, until, left } = world;
  const { engine, tools } = dispatcher;
  const began = clock.now();
  const [stop, abandon] = [new AbortController(), new AbortController()];
  const said: string[] = [];

  const over = (): boolean => {
    const { guests, seeds, runners } = left();
    return github.settled() && guests + seeds + runners + engine.inHand() === 0;
  };
  const watch = async (): Promise<void> => {
    for (let second = 0; second < 420 && !(second > 60 && over()); second++) {
      await clock.sleep(SECOND);
      step(world, second);
      const { guests } = await tools.site.observe(abandon.signal, { seeds: false });
      for (const { vmid, name, power } of guests) {
        if (power !== "running") continue;
        const text = await tools.site.readFile({ vmid, name }, "/run/dispatcher/state", abandon.signal);
        if (text !== null && said.at(-1) !== text.trim()) said.push(text.trim());
      }
    }
    stop.abort();
    await engine.drain();
  };
  try {
    const run = whileHolding(dispatcher.writer, () => engine.run(stop.signal, abandon.signal));
    await until(Promise.all([run, watch()]));
  } finally {
    abandon.abort();
    await world.close();
  }
  const { records } = world.stage;
  const when = (matches: (record: AuditRecord) => boolean): number => records.find(matches)?.at ?? Number.NaN;
  return {
    said,
    left: left(),
    log: world.log(),
    began,
    deregistered: when((r) => r.event === "github" && r.method === "DELETE" && r.status === 204),
    stopped: when((r) => r.event === "pve" && r.call === "stop" && r.status === 200),
  };
}

const none = { guests: 0, seeds: 0, runners: 0 };

test("a guest's state is read through its agent, from its start to the end of its job", async () => {
  const { said, left, stopped } = await live({});
  assert.deepEqual(left, none);
  assert.ok(Number.isNaN(stopped), "it powered itself off");
  assert.match(said.join(), /^(starting,)?listening,job \d+,done$/);
});

/** The job is taken back when its guest is under way. */
const cancel = ({ github }: Lived, second: number): void => {
  const [id] = github.state.jobs.keys();
  if (second === 5 && id !== undefined) github.cancelJob(id);
};

const env = { IDLE_TIMEOUT: "60s" };

const templateOf = (image: string) => ({
  guests: [{ vmid: 9000, name: "base", node: "pve1", template: true, image }],
});

test("a runner whose job was cancelled is withdrawn at once when its guest says that it has none, and is then off by itself", async () => {
  const { said, left, began, deregistered, stopped, log } = await live({ env }, cancel);
  assert.deepEqual(left, none, log);
  assert.deepEqual(said.slice(-2), [
    "listening",
    "failed: the runner ended without a job: The runner no longer exists on the server. Cleaning up local configuration.",
  ]);
  assert.ok(deregistered - began < 100 * SECOND, log);
  assert.ok(Number.isNaN(stopped), log);
});

test("a guest that stays on after its runner's withdrawal is stopped 90 s later, by its own word, and leaves nothing", async () => {
  const { left, deregistered, stopped, log } = await live({ env, pve: templateOf("never-ends") }, cancel);
  assert.deepEqual(left, none, log);
  const between = stopped - deregistered;
  assert.ok(between >= 90 * SECOND && between < 2 * MINUTE, `${between} ms\n${log}`);
  assert.match(log, /stop [\w-]+: .*its guest says failed: the runner ended without a job/);
});

test("a runner in a guest without an agent goes the slower way", async () => {
  const { left, began, deregistered, log } = await live({ env, pve: templateOf("no-agent") }, cancel);
  assert.deepEqual(left, none, log);
  assert.ok(deregistered - began >= 2 * MINUTE, log);
});
