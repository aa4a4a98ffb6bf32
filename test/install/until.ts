import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";

/** Real processes tell nobody when they have come so far: they are asked until then, for five minutes at most. */
export async function until(holds: () => boolean | Promise<boolean>, shown: () => string): Promise<void> {
  for (let tries = 0; tries < 1500; tries++) {
    if (await holds()) return;
    await sleep(200);
  }
  assert.fail(`not within five minutes: ${shown()}`);
}
