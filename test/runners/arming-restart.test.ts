import assert from "node:assert/strict";
import { test } from "node:test";
import { asPoolName, asRunnerId, type GuestName } from "../../src/domain/ids.ts";
import type { ForgeView, RunnerView } from "../../src/domain/observation.ts";
import { Secret } from "../../src/domain/secret.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { Boot, Machine } from "../../src/emulator/machine.ts";
import { Engine } from "../../src/engine/engine.ts";
import type { Forge } from "../../src/engine/forge.ts";
import type { Site } from "../../src/engine/site.ts";
import { Runners } from "../../src/runners/feature.ts";
import { forgeOf, instance, jobOf, poolOf, recordOf } from "../fixtures.ts";
import { lab, seededChance } from "../lab.ts";

const pool = poolOf({ delivery: { kind: "agent" } });

/** A process that ends at its n-th call to the outside, before or after the call has taken effect. */
class Life {
  calls = 0;
  dead = false;
  readonly #endsAt: number;
  readonly #tookEffect: boolean;

  constructor(endsAt = Number.POSITIVE_INFINITY, tookEffect = false) {
    this.#endsAt = endsAt;
    this.#tookEffect = tookEffect;
  }

  through<T extends object>(door: T): T {
    return new Proxy(door, {
      get: (target, key) => {
        const call: unknown = Reflect.get(target, key);
        if (typeof call !== "function") return call;
        return (...args: unknown[]) => this.#make(() => call.apply(target, args));
      },
    });
  }

  async #make(call: () => unknown): Promise<unknown> {
    if (this.dead) return never();
    this.calls += 1;
    if (this.calls !== this.#endsAt) {
      const result = await call();
      return this.dead ? never() : result;
    }
    this.dead = true;
    if (this.#tookEffect) await call();
    return never();
  }
}

/** What a dead process waits for does not come. */
const never = (): Promise<never> => new Promise(() => {});

/** A GitHub with one job, and guests whose runner connects when `ready` was written after a credential. */
class World {
  readonly minted: { readonly name: GuestName; readonly credential: string }[] = [];
  /** By guest: the credentials with which its runner was started. */
  readonly used: string[] = [];
  records: readonly RunnerView[] = [];
  job: "waits" | "done" = "waits";
  readonly lab = lab({ boot: (machine) => this.#boot(machine) });

  forge(): Forge {
    return {
      observe: async (): Promise<ForgeView> => {
        const { clock } = this.lab;
        const view = forgeOf({ runners: this.records, jobs: this.job === "waits" ? [jobOf(1)] : [] });
        return { ...view, lists: view.lists.map((list) => ({ ...list, at: clock.now() })) };
      },
      stillQueued: async () => this.job === "waits",
      mint: async (_pool, name) => {
        assert.ok(!this.records.some((record) => record.name === name), "GitHub gives a name once");
        const id = asRunnerId(this.minted.length + 1);
        const credential = `jit-${id}`;
        this.minted.push({ name, credential });
        this.records = [...this.records, recordOf("z", { id, name, online: false })];
        return { kind: "jit", config: new Secret(credential), runnerId: id };
      },
      deregister: async (_scope, { id }) => {
        const found = this.records.some((record) => record.id === id);
        this.records = this.records.filter((record) => record.id !== id);
        return found ? "removed" : "absent";
      },
    };
  }

  #boot(machine: Machine): ReturnType<Boot> {
    const files = new Map([["/run/dispatcher/waiting", ""]]);
    return {
      agentAnswers: () => true,
      readFile: async (path) => {
        const text = files.get(path);
        return text === undefined ? null : new TextEncoder().encode(text);
      },
      writeFile: async (path, bytes) => {
        files.set(path, Buffer.from(bytes).toString());
        if (path.endsWith("/ready")) this.#run(files.get("/run/dispatcher/credential") ?? "", machine);
        return true;
      },
    };
  }

  #run(credential: string, machine: Machine): void {
    this.used.push(credential);
    const { name } = this.minted.find((one) => one.credential === credential) ?? {};
    if (this.records.some((record) => record.name === name)) this.job = "done";
    this.records = this.records.filter((record) => record.name !== name);
    machine.powerOff();
  }
}

/** One process: passes, five seconds apart, until it ends or `over`. */
async function live(world: World, life: Life, over: () => boolean): Promise<void> {
  const { clock, pve } = world.lab;
  const { site } = lab({ within: { clock, pve } });
  const runners = new Runners({
    ...{ instance, clock, maxTotal: 4, draining: false, destroyed: new Set(), chance: seededChance(clock.now()) },
    pools: new Map([[asPoolName("default"), pool]]),
    site: life.through<Site>(site),
    forge: life.through(world.forge()),
    storeOf: () => null,
    storeNamed: () => null,
    render: () => "",
    credentialFile: (_pool, _name, credential) =>
      new Secret(credential.kind === "jit" ? credential.config.reveal() : ""),
  });
  const engine = new Engine({
    ...{ clock, interval: 5 * SECOND, features: [runners], role: () => ({ kind: "holder" }), onEvent() {} },
    site: life.through<Site>(site),
  });
  const end = new AbortController();
  void engine.run(end.signal, end.signal);
  for (let at = 0; at < 30 * MINUTE && !life.dead && !over(); at += 5 * SECOND) await clock.pass(5 * SECOND);
  end.abort();
  await clock.pass(SECOND);
}

async function play(life: Life) {
  const world = new World();
  const over = (): boolean => world.job === "done" && world.lab.pve.tally().guests === 0;
  await live(world, life, over);
  if (life.dead) await live(world, new Life(), over);
  return { world, served: over() };
}

test("without any trouble one guest gets one secret, and the job is done", async () => {
  const life = new Life();
  const { world, served } = await play(life);
  assert.ok(served);
  assert.deepEqual([world.minted.length, world.used], [1, ["jit-1"]]);
});

for (const tookEffect of [false, true]) {
  const when = tookEffect ? "after" : "before";
  test(`a daemon that ends ${when} any one of its calls is followed by one that serves the job, and no secret is used twice`, async () => {
    const quiet = new Life();
    await play(quiet);
    assert.ok(quiet.calls > 10 && quiet.calls < 60, `${quiet.calls} calls`);
    for (let call = 1; call <= quiet.calls; call++) {
      const { world, served } = await play(new Life(call, tookEffect));
      assert.ok(served, `call ${call}: the job is done and nothing is left`);
      assert.deepEqual(world.used, [...new Set(world.used)], `call ${call}`);
      const perGuest = world.minted.filter(({ credential }) => world.used.includes(credential)).map(({ name }) => name);
      assert.deepEqual(perGuest, [...new Set(perGuest)], `call ${call}: no guest ran two secrets`);
    }
  });
}
