import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError, type ErrorCode } from "../../src/domain/errors.ts";
import { asNodeName, asPoolName, asRunnerId, type GuestName } from "../../src/domain/ids.ts";
import type { ForgeView } from "../../src/domain/observation.ts";
import type { RunnerPool } from "../../src/domain/pool.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { PassContext } from "../../src/engine/feature.ts";
import { Operations } from "../../src/engine/operations.ts";
import { Runners } from "../../src/runners/feature.ts";
import type { Tools } from "../../src/runners/tools.ts";
import { settle } from "../clock.ts";
import { forgeOf, guestOf, instance, jobOf, poolOf, recordOf, siteOf, specOf, start } from "../fixtures.ts";

type Doors = Pick<Tools, "forge" | "site" | "storeOf" | "storeNamed" | "render" | "credentialFile">;
type Step = "stillQueued" | "clone" | "task" | "configure" | "mint" | "put" | "attach" | "start";

const nodes = ["n1", "n2"].map(asNodeName);
const never = new AbortController().signal;
const site = siteOf([], { nodes: nodes.map((name) => ({ name, online: true, freeMemory: null, load: null })) });

const poolWith = (name: string): RunnerPool =>
  poolOf({ name: asPoolName(name), labels: [name], guest: specOf({ pool: asPoolName(name), nodes }) });
const pools = [poolWith("a"), poolWith("b")];
const jobs = pools.map(({ name }, index) => jobOf(index + 1, { labels: ["self-hosted", name] }));

interface Scene {
  /** Where a launch of pool `a` fails, and with what. */
  readonly fails?: { readonly at: Step; readonly code: ErrorCode };
  readonly forge?: ForgeView;
  readonly destroyed?: readonly GuestName[];
}

/** Runners, and the table of operations that the engine keeps for them. */
class Stage {
  readonly operations = new Operations(() => {});
  withdrawn = 0;
  readonly #scene: Scene;
  readonly #runners: Runners;

  constructor(scene: Scene) {
    this.#scene = scene;
    let random = 0;
    this.#runners = new Runners({
      instance,
      pools: new Map(pools.map((pool) => [pool.name, pool])),
      maxTotal: 9,
      draining: false,
      destroyed: new Set(scene.destroyed),
      clock: { now: () => start, sleep: async () => {} },
      chance: { below: (most) => random++ % most },
      ...this.#doors(),
    });
  }

  /** One pass, whose operations are run to their ends. */
  async pass(now = start): Promise<{ launched: string[]; forgotten: string[] }> {
    this.operations.beginPass();
    const context = (): PassContext => ({ site, now, inHand: [], resting: this.operations.resting(now) });
    const { operations } = await this.#runners.intend(context, never);
    for (const operation of operations) this.operations.start(operation, never, () => now);
    await this.operations.drain();
    await settle();
    return {
      launched: operations.flatMap(({ kind, pool, node }) => (kind === "launch" ? [`${pool}@${node}`] : [])),
      forgotten: operations.flatMap(({ kind, key }) => (kind === "forget" ? [key] : [])),
    };
  }

  #doors(): Doors {
    const { fails } = this.#scene;
    const step = async <T>(at: Step, result: T, of: string): Promise<T> => {
      if (of === "a" && fails?.at === at) throw new DispatcherError(fails.code, `${at}: no`);
      return result;
    };
    return {
      forge: {
        observe: async () => this.#scene.forge ?? forgeOf({ jobs }),
        stillQueued: (_: unknown, job: number) => step("stillQueued", true, job === 1 ? "a" : "b"),
        mint: ({ name }: RunnerPool) =>
          step("mint", { kind: "jit", runnerId: asRunnerId(1), config: new Secret("x") }, name),
        deregister: async () => {
          this.withdrawn += 1;
          return "removed";
        },
      },
      site: {
        clone: async ({ spec: { pool }, node }: { spec: { pool: string }; node: string }) => {
          await step("clone", undefined, pool);
          return {
            guest: { vmid: guestOf("a").vmid, name: guestOf("a").name, of: pool },
            node,
            done: step("task", undefined, pool),
          };
        },
        configure: ({ of }: { of: string }) => step("configure", undefined, of),
        attach: ({ of }: { of: string }) => step("attach", undefined, of),
        start: ({ of }: { of: string }) => step("start", undefined, of),
      },
      storeOf: ({ name }: RunnerPool) => ({ put: () => step("put", {}, name) }),
      storeNamed: () => null,
      render: () => "",
      credentialFile: () => new Secret(""),
    } as unknown as Doors;
  }
}

const pair = "template base on n1";
const faults: readonly (readonly [Step, ErrorCode, string])[] = [
  ["stillQueued", "unavailable", "pool a"],
  ["stillQueued", "rate_limited", "pool a"],
  ["mint", "unavailable", "pool a"],
  ["mint", "forbidden", "pool a"],
  ["mint", "conflict", "pool a"],
  ["clone", "no_capacity", "pool a"],
  ["clone", "unauthorized", "pool a"],
  ["clone", "standby", "pool a"],
  ["start", "untrusted", "pool a"],
  ["clone", "unavailable", pair],
  ["clone", "forbidden", pair],
  ["task", "task_failed", pair],
  ["configure", "timeout", pair],
  ["put", "unavailable", pair],
  ["attach", "conflict", pair],
  ["start", "task_failed", pair],
];
for (const [at, code, rests] of faults) {
  test(`a launch that fails at ${at} with ${code} rests ${rests}, and nothing else`, async () => {
    const stage = new Stage({ fails: { at, code } });
    assert.deepEqual((await stage.pass()).launched, ["a@n1", "b@n2"]);
    assert.deepEqual([...stage.operations.resting(start).keys()], [rests]);
    const [own, others] = rests === pair ? [["a@n2"], ["b@n2"]] : [[], ["b@n1"]];
    const { launched } = await stage.pass();
    assert.deepEqual(
      launched.filter((one) => one.startsWith("a")),
      own,
    );
    assert.deepEqual(
      launched.filter((one) => one.startsWith("b")),
      others,
      "the other pool goes on",
    );
  });
}

test("a start that fails withdraws no runner, as the guest may run all the same; what failed before does", async () => {
  const started = new Stage({ fails: { at: "start", code: "task_failed" } });
  await started.pass();
  assert.equal(started.withdrawn, 0);
  const unseeded = new Stage({ fails: { at: "attach", code: "task_failed" } });
  await unseeded.pass();
  assert.equal(unseeded.withdrawn, 1);
});

test("launches that succeed leave nothing resting", async () => {
  const stage = new Stage({});
  assert.deepEqual((await stage.pass()).launched, ["a@n1", "b@n2"]);
  assert.deepEqual([...stage.operations.resting(start)], []);
});

test("the record of a guest that we have removed goes in the first pass that sees it", async () => {
  const forge = forgeOf({ runners: [recordOf("c", { online: false }), recordOf("d", { online: false })] });
  const { name } = guestOf("c");
  assert.deepEqual((await new Stage({ forge, destroyed: [name] }).pass()).forgotten, [name]);
  assert.deepEqual((await new Stage({ forge }).pass()).forgotten, []);
});
