import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { type TestContext, test } from "node:test";
import type { BootstrapWish } from "../../src/bootstrap/bootstrap-wish.ts";
import { Life } from "../bootstrap/mortal.ts";
import { assertHidden } from "../bootstrap/secrets.ts";
import { githubSecret, stage } from "../bootstrap/stage.ts";

/** A bootstrap of an emulated container that is killed before each of its steps: changes on PVE, words in its record, lines at the console. */

type Stage = Awaited<ReturnType<typeof stage>>;
type Change = Partial<BootstrapWish>;

/** Many times what any of them takes. */
const tooMany = 300;

/** Calls `died` on a fresh stage after each of the deaths (every `stride`th), until one survives; how many deaths there were. */
async function killedAtEach(
  t: TestContext,
  prepare: (on: Stage) => Promise<unknown>,
  work: (on: Stage, life: Life) => Promise<unknown>,
  died: (on: Stage, before: unknown) => Promise<void>,
  stride = 1,
): Promise<number> {
  for (let last = 1; last < tooMany; last += stride) {
    const on = await stage(t);
    const before = on.whole();
    await prepare(on);
    const life = new Life(last);
    const survived = await work(on, life).then(
      () => true,
      (error: unknown) => {
        if (!life.over) throw error;
        return false;
      },
    );
    if (survived) return last - 1;
    await t.test(`before step ${last}`, () => died(on, before));
  }
  throw new Error(`it takes more than ${tooMany} steps`);
}

async function isInstalled({ pve, containers, record, passwords, told }: Stage, locked: boolean): Promise<void> {
  const [container, ...others] = pve.state.containers.values();
  assert.deepEqual(others, []);
  assert.ok(container?.running);
  assert.equal(container.config.get("cmode"), undefined);
  const root = containers.roots.get(container.vmid);
  if (locked) assert.ok(root?.active && root.enabled && root.locked);
  const tokenSecret = /"tokenSecret":"([^"]+)"/.exec(record.read() ?? "")?.[1] ?? "";
  const secrets = { "the token's secret": tokenSecret, "GitHub's token": githubSecret };
  const words = passwords.map((password, at) => [`root's password ${at}`, password] as const);
  assertHidden(pve.state, { ...secrets, ...Object.fromEntries(words) }, { "what was told": told });
}

const archive = { name: "dispatcher-rootfs.tar.gz", bytes: randomBytes(5_000), sha256: "3".repeat(64) };

for (const [way, change, least] of [
  ["console", {}, 45],
  ["rootfs", { way: { kind: "rootfs", archive } }, 25],
] as const satisfies readonly (readonly [string, Change, number])[]) {
  test(`by ${way}, killed before each step: the next run ends with one container that works, and leaves nothing when it is removed`, async (t) => {
    const deaths = await killedAtEach(
      t,
      async () => {},
      (on, life) => on.run(change, life),
      async (on, before) => {
        assert.equal(await on.run(change), "done", on.told.join("\n"));
        await isInstalled(on, way === "console");
        assert.equal(await on.run(change), "nothing to do");
        assert.equal(await on.remove(change), "done");
        assert.deepEqual(on.whole(), before);
        assert.equal(on.record.read(), null);
      },
    );
    t.diagnostic(`${deaths} steps`);
    assert.ok(deaths >= least, `${deaths} steps`);
  });

  test(`by ${way}, killed before every third step and given up: what was begun can be removed`, async (t) => {
    await killedAtEach(
      t,
      async () => {},
      (on, life) => on.run(change, life),
      async (on, before) => {
        await on.remove(change);
        assert.deepEqual(on.whole(), before, on.told.join("\n"));
        assert.equal(on.record.read(), null);
      },
      3,
    );
  });
}

test("killed before each step of its removal, the next run removes the rest", async (t) => {
  const deaths = await killedAtEach(
    t,
    (on) => on.run(),
    (on, life) => on.remove({}, life),
    async (on, before) => {
      await on.remove();
      assert.deepEqual(on.whole(), before);
      assert.equal(on.record.read(), null);
    },
  );
  t.diagnostic(`${deaths} steps`);
  assert.ok(deaths >= 15, `${deaths} steps`);
});

test("killed before each step of an update, the next run takes it up, the console is closed again and the HA manager minds it as before", async (t) => {
  const change = { package: { form: "deb", sha256: "2".repeat(64), from: "file", bytes: Buffer.alloc(2000) } } as const;
  const deaths = await killedAtEach(
    t,
    (on) => on.run({ ha: true }),
    (on, life) => on.run(change, life),
    async (on) => {
      assert.equal(await on.run(change), "done");
      await isInstalled(on, true);
      assert.equal(on.pve.state.haResources.get("ct:101")?.settings.get("state"), "started");
      assert.equal(await on.run(change), "nothing to do");
    },
  );
  t.diagnostic(`${deaths} steps`);
  assert.ok(deaths >= 25, `${deaths} steps`);
});
