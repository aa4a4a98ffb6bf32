import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultEvents } from "../../src/domain/events.ts";
import { asJobId, asPoolName, asRepositoryName } from "../../src/domain/ids.ts";
import type { JobView } from "../../src/domain/observation.ts";
import { assign, fits, hostedLabels, isHostedLabel, type Taker } from "../../src/domain/runners/labels.ts";

const job = (id: number, labels: readonly string[], more: Partial<JobView> = {}): JobView => ({
  id: asJobId(id),
  repository: asRepositoryName("o/r"),
  runId: 1,
  event: "push",
  name: `job ${id}`,
  labels,
  status: "queued",
  createdAt: id,
  startedAt: null,
  runner: null,
  refused: null,
  ...more,
});

const pool = (name: string, labels: readonly string[], room = 10, repositories = ["o/r"]): Taker => ({
  name: asPoolName(name),
  labels,
  repositories: repositories.map(asRepositoryName),
  events: defaultEvents,
  room,
});

const assigned = (jobs: readonly JobView[], pools: readonly Taker[]): Record<string, number[]> =>
  Object.fromEntries([...assign(jobs, pools)].map(([name, taken]) => [name, taken.map((j) => Number(j.id))]));

test("a pool fits when it carries every label of the job", () => {
  const cases: readonly [readonly string[], readonly string[], boolean][] = [
    [["self-hosted", "linux"], ["linux", "x64"], true],
    [["Self-Hosted", "LINUX"], ["Linux"], true],
    [["self-hosted"], [], true],
    [["linux"], ["linux"], true],
    [["linux", "gpu"], ["linux"], false],
    [[], ["linux"], false],
    [["ubuntu-latest"], ["ubuntu-latest"], false],
    [["self-hosted", "ubuntu-latest"], ["ubuntu-latest"], true],
    [["ubuntu-latest"], ["linux"], false],
  ];
  for (const [wanted, offered, expected] of cases) {
    assert.equal(fits(wanted, offered), expected, `${wanted.join()} on ${offered.join()}`);
  }
});

test("GitHub's own machines are known by their labels", () => {
  const hosted = ["ubuntu-latest", "Ubuntu-24.04-arm", "windows-2025", "macos-15-xlarge", "ubuntu-slim"];
  assert.deepEqual(hostedLabels([...hosted, "ubuntu", "ubuntu-build", "macos", "linux"]), hosted);
  assert.equal(isHostedLabel("windows-vm"), false);
});

test("of two fitting pools the one with fewest labels takes the job", () => {
  const pools = [pool("gpu", ["linux", "gpu"]), pool("plain", ["linux"])];
  assert.deepEqual(assigned([job(1, ["linux"]), job(2, ["linux", "gpu"])], pools), { gpu: [2], plain: [1] });
});

test("equally many labels: the order of the file decides, whether or not self-hosted is spelled out", () => {
  const pools = [pool("first", ["self-hosted", "linux"]), pool("second", ["linux"])];
  assert.deepEqual(assigned([job(1, ["linux"])], pools), { first: [1], second: [] });
});

test("jobs spill to the next fitting pool when the first is full, and wait at the first when all are", () => {
  const pools = [pool("small", ["linux"], 1), pool("large", ["linux", "gpu"], 1)];
  const jobs = [job(3, ["linux"]), job(2, ["linux"]), job(1, ["linux"])];
  assert.deepEqual(assigned(jobs, pools), { small: [1, 3], large: [2] });
});

test("refused jobs, running jobs and jobs of other repositories go nowhere", () => {
  const jobs = [
    job(1, ["linux"], { refused: "it is public" }),
    job(2, ["linux"], { status: "in_progress" }),
    job(3, ["linux"], { repository: asRepositoryName("o/other") }),
    job(4, ["linux"], { repository: asRepositoryName("O/R") }),
  ];
  assert.deepEqual(assigned(jobs, [pool("p", ["linux"])]), { p: [4] });
});

test("a pool takes only jobs whose event it admits; the next one takes the others", () => {
  const releases = { ...pool("releases", []), events: { kind: "only" as const, events: ["release"] } };
  const jobs = [
    job(1, ["linux"], { event: "release" }),
    job(2, ["linux"]),
    job(3, ["linux"], { event: "workflow_run" }),
  ];
  const pools = [{ ...releases, labels: ["linux"] }, pool("second", ["linux", "x64"])];
  assert.deepEqual(assigned(jobs, pools), { releases: [1], second: [2] });
});
