import assert from "node:assert/strict";
import { test } from "node:test";
import { MINUTE } from "../../src/domain/time.ts";
import { accepted, during, isRight, isUpload, pathOf } from "./meddling.ts";
import { play, type Stage } from "./stage.ts";
import type { Meddler } from "./wire.ts";

/** Every task that went well says that it has warnings. */
const warning: Meddler = async (request, next) => {
  const answer = await next();
  if (!/\/tasks\/[^/]+\/status$/.test(pathOf(request))) return answer;
  const body = (await answer.json()) as { data: { exitstatus?: string } };
  const data = body.data.exitstatus === "OK" ? { ...body.data, exitstatus: "WARNINGS: 1" } : body.data;
  return Response.json({ data }, { statusText: "OK" });
};

test("tasks that stop with warnings have done their work", async () => {
  const outcome = await play({ fault: () => warning });
  isRight(outcome);
  assert.equal(accepted(outcome, "clone").length, 2, "nobody tried a second time");
  assert.equal(accepted(outcome, "destroy").length, 2);
});

/** Accepted, and failed later: as a storage without room does it. */
const failsLater =
  ({ pve }: Stage, why: string): Meddler =>
  async (request) => {
    await request.arrayBuffer();
    const node = pathOf(request).split("/")[2] ?? "";
    const task = pve.state.tasks.start(
      { node, type: "imgcopy", id: "", token: "dispatcher@pve!faults" },
      async (job) => {
        await job.pass(300);
        throw new Error(why);
      },
    );
    return Response.json({ data: task.upid }, { statusText: "OK" });
  };

test("a storage that is full for two minutes costs these launches, and the jobs are served afterwards", async () => {
  const outcome = await play({
    fault: (stage) =>
      during(
        stage,
        { from: isUpload, ms: 2 * MINUTE, which: isUpload },
        failsLater(stage, "unable to write to '/var/lib/vz/template/iso': No space left on device"),
      ),
  });
  isRight(outcome);
  assert.match(outcome.log, /No space left on device/);
  assert.ok(accepted(outcome, "clone").length < 30, "the pool rested in between");
});

test("a storage that stays full keeps no guest and no secret: the seed that cannot be blanked is deleted", async () => {
  const outcome = await play({
    fault: (stage) => {
      const full = failsLater(stage, "No space left on device");
      const atWork = (): boolean => stage.records.some((r) => r.event === "job" && r.what === "started");
      return (request, next) => (isUpload(request) && atWork() ? full(request, next) : next());
    },
  });
  isRight(outcome);
});
