import assert from "node:assert/strict";
import { test } from "node:test";
import { stopwatch } from "../../src/cli/bench/stopwatch.ts";

const list = (...ids: readonly number[]): [string, string] => [
  "http://localhost/repos/octo/bench/actions/runs?per_page=50",
  JSON.stringify({ workflow_runs: ids.map((id) => ({ id })) }),
];
const start = "https://localhost/api2/json/nodes/pve1/qemu/200/status/start";

test("the clock runs from the answer that first shows the burst to each of its start calls, without the warm-up's", async () => {
  let now = 0;
  const watch = stopwatch(2, () => now);
  const at = (ms: number, event: () => void): void => {
    now = ms;
    event();
  };
  at(1_000, () => watch.github(...list(1)));
  at(1_500, () => watch.pve(start, "POST"));
  at(2_000, () => watch.github(...list(1)));
  at(3_000, () => watch.github("http://localhost/repos/octo/bench/actions/runs/2/jobs", "{}"));
  at(4_000, () => watch.github(...list(2, 1)));
  at(4_500, () => watch.github(...list(2, 1)));
  at(4_800, () => watch.pve(start, "POST"));
  at(4_850, () => watch.pve(start.replace("/start", "/current"), "GET"));
  at(5_000, () => watch.pve(start, "POST"));
  assert.deepEqual(await watch.done, [800, 1_000]);
});
