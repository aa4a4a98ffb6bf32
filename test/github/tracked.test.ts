import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import { paceOf } from "../../src/github/pace.ts";
import { type Standing, sighted, type Tracked, withJobs } from "../../src/github/tracked.ts";
import type { WireJob, WireRun } from "../../src/github/wire.ts";
import { start } from "./clock.ts";
import { iso } from "./fake-github.ts";

const pace = paceOf(1, 15 * SECOND);

const listed = (updated: string, status = "in_progress"): WireRun => ({
  id: 1,
  event: "push",
  status,
  updated_at: updated,
  repository: { id: 1, full_name: "o/r", private: true },
  head_repository: { id: 1 },
});

const job = (status: string): WireJob => ({
  id: 11,
  run_id: 1,
  name: "build",
  status,
  created_at: iso(-SECOND),
  labels: ["linux"],
});

const found = (standing: Standing, before?: Tracked, updated = iso(0)): Tracked =>
  sighted(before, listed(updated), { standing, refused: null });

const read = (run: Tracked, status: string, after = 0): Tracked | null =>
  withJobs(run, [job(status)], start + after, pace);

test("a new run's jobs are asked for at once, then as often as its jobs call for it", () => {
  const run = found("open");
  assert.ok(run.due <= start);
  assert.ok((read(run, "queued")?.due ?? 0) <= start, "one waits: in every pass");
  const running = read(run, "in_progress")?.due ?? 0;
  assert.ok(running > start + 15 * SECOND && running <= start + 30 * SECOND, "none waits: every other pass");
});

test("any change of the run in the list brings its jobs forward", () => {
  const running = read(found("open"), "in_progress");
  assert.ok(running);
  assert.equal(found("open", running).due, running.due);
  assert.equal(found("open", running, iso(SECOND)).due, 0);
  assert.equal(found("completed", running).due, 0);
});

test("a run is forgotten when its jobs are over and nothing says that more will come", () => {
  assert.equal(read(found("completed"), "completed"), null);
  const quiet = read(found("unlisted"), "completed");
  assert.ok(quiet, "too old for the list: it may be between two jobs");
  assert.ok(read(quiet, "completed", MINUTE - 1));
  assert.equal(read(quiet, "completed", MINUTE), null);
});

test("a run that the list calls unfinished is kept, and asked less often after a quiet minute", () => {
  const quiet = read(found("open"), "completed");
  assert.ok(quiet);
  assert.ok(quiet.due <= start);
  const later = read(quiet, "completed", 5 * MINUTE);
  assert.ok(later);
  assert.ok(later.due > start + 5 * MINUTE);
  assert.equal(read(later, "queued", 6 * MINUTE)?.quietSince, null);
});
