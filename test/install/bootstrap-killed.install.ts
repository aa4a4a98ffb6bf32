import assert from "node:assert/strict";
import { test } from "node:test";
import { stage } from "../bootstrap/stage.ts";

/** Of the steps that a bootstrap with a token of the operator's takes: more than it has. */
const most = 40;

test("killed before each of its steps, the next run makes one container that works, and nothing is left after it", async (t) => {
  let steps = 0;
  for (let lives = 1; lives <= most; lives++) {
    const { run, remove, whole, pve, containers, told } = await stage(t);
    const before = whole();
    const killed = await run({}, lives).then(
      () => false,
      () => true,
    );
    if (!killed) break;
    steps++;
    // Which of the many pieces of the set-up it died at makes no difference: two of them are tried.
    if (lives > 2 && lives < setUpSteps) continue;
    await t.test(`before step ${lives}`, async () => {
      assert.equal(await run(), "done", told.join("\n"));
      const [container, ...others] = pve.state.containers.values();
      assert.deepEqual(others, []);
      assert.ok(container?.running);
      assert.ok(containers.roots.get(container.vmid)?.active && containers.roots.get(container.vmid)?.locked);
      assert.equal(await run(), "nothing to do");
      assert.equal(await remove(), "done");
      assert.deepEqual(whole(), before);
    });
  }
  assert.ok(steps > setUpSteps + 10 && steps < most, `${steps} steps`);
});

const setUpSteps = 16;

test("killed while it was removed, the rest goes with the next run", async (t) => {
  for (const lives of [1, 2, 3, 5, 9]) {
    const { run, remove, whole } = await stage(t);
    const before = whole();
    await run();
    await assert.rejects(remove({}, lives));
    await remove();
    assert.deepEqual(whole(), before, `before step ${lives}`);
  }
});

test("a run that dies in an update is taken up again, and the console closed", async (t) => {
  for (const lives of [1, 3, 6, 12]) {
    const { run, pve } = await stage(t);
    await run();
    const change = {
      package: { form: "deb", sha256: "2".repeat(64), from: "file", bytes: Buffer.alloc(2000) },
    } as const;
    await assert.rejects(run(change, lives));
    assert.equal(await run(change), "done");
    const [container, ...others] = pve.state.containers.values();
    assert.deepEqual(others, []);
    assert.equal(container?.config.get("cmode"), undefined);
    assert.equal(await run(change), "nothing to do");
  }
});
