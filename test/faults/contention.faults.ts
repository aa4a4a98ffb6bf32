import assert from "node:assert/strict";
import { test } from "node:test";
import { SECOND } from "../../src/domain/time.ts";
import { pause } from "../../src/emulator/time.ts";
import { accepted, dropped, first, isClone, isConfig, isRight, isStart, pathOf, upon, vmidIn } from "./meddling.ts";
import { play, type Stage } from "./stage.ts";

test("a guest whose lock file somebody holds for half a minute is configured afterwards", async () => {
  const outcome = await play({
    fault: ({ pve, time }) =>
      upon(isConfig, (request) => {
        void pve.state.locks.exclusive(vmidIn(request)).then(async (release) => {
          await pause(time, 30 * SECOND);
          release?.();
        });
      }),
  });
  isRight(outcome);
  const refused = outcome.records.flatMap((r) =>
    r.event === "pve" && r.call === "config" && r.status !== 200 ? [r] : [],
  );
  assert.ok(refused.length >= 2 && refused.every((r) => /can't lock file .* got timeout/.test(r.reason)), outcome.log);
  assert.equal(accepted(outcome, "clone").length, 2, "nobody gave the guest up");
});

/** Somebody's guest, made at this moment. */
function makeForeign({ pve }: Stage, vmid: number): void {
  const other = pve.state.guests.get(205);
  assert.ok(other);
  pve.state.guests.set(vmid, { ...other, vmid, config: new Map([...other.config, ["name", "somebody-elses"]]) });
}

test("a VMID that somebody takes between question and clone is theirs, and the next one is ours", async () => {
  const outcome = await play({
    jobs: 1,
    fault: (stage) => upon(isClone, () => makeForeign(stage, 200)),
  });
  isRight(outcome, 1);
  assert.deepEqual(accepted(outcome, "clone"), [201]);
  assert.deepEqual(changesOf(outcome.records, 200), ["clone 500"], "only the refused clone names it");
  assert.equal(outcome.stage.pve.state.guests.get(200)?.config.get("name"), "somebody-elses");
});

test("a VMID that somebody takes while our clone's answer is lost is theirs, too", async () => {
  const outcome = await play({
    jobs: 1,
    fault: (stage) =>
      first(1, isClone, () => {
        makeForeign(stage, 200);
        return dropped();
      }),
  });
  isRight(outcome, 1);
  assert.deepEqual(accepted(outcome, "clone"), [201]);
  assert.deepEqual(changesOf(outcome.records, 200), []);
});

const changesOf = (records: Awaited<ReturnType<typeof play>>["records"], vmid: number): readonly string[] =>
  records.flatMap((r) => (r.event === "pve" && r.vmid === vmid ? [`${r.call} ${r.status}`] : []));

const confined = {
  resourcePools: ["runners"],
  tokens: [{ id: "dispatcher@pve!faults", secret: "11111111-2222-3333-4444-555555555555", confined: true }],
};

for (const [when, how] of [
  ["is answered", undefined],
  ["has lost its answer", true],
] as const) {
  test(`a clone that ${when} is waited for though our token is forbidden to look at it`, async () => {
    let forbidden = 0;
    const outcome = await play({
      pve: { ...confined, durations: { clone: 20 * SECOND } },
      env: { RESOURCE_POOL: "runners" },
      fault: () => {
        const lose = first(how === true ? 1 : 0, isClone, (_, next) => next().then(dropped));
        return async (request, next) => {
          const answer = await lose(request, next);
          if (answer.status === 403) forbidden += 1;
          return new Response(answer.body, answer);
        };
      },
    });
    isRight(outcome);
    assert.equal(accepted(outcome, "clone").length, 2);
    assert.ok(how === undefined || forbidden > 0, "the token was refused meanwhile");
  });
}

/** As `qm migrate` leaves it. */
function migrate({ pve }: Stage, vmid: number): void {
  const guest = pve.state.guests.get(vmid);
  assert.ok(guest);
  pve.state.guests.set(vmid, { ...guest, node: "pve2" });
  pve.state.statd.changed(vmid);
}

test("a guest that is migrated by hand before its start is started where it is", async () => {
  let moved = false;
  const outcome = await play({
    jobs: 1,
    fault: (stage) =>
      first(
        1,
        (r) => r.method === "GET" && /\/qemu\/200\/config$/.test(pathOf(r)) && accepted2(stage, "config") === 2,
        async (_, next) => {
          migrate(stage, 200);
          moved = true;
          const answer = await next();
          return new Response(answer.body, answer);
        },
      ),
  });
  isRight(outcome, 1);
  assert.ok(moved);
  const starts = outcome.records.flatMap((r) => (r.event === "pve" && r.call === "start" ? [r.path] : []));
  assert.deepEqual(starts, ["/nodes/pve2/qemu/200/status/start"]);
});

const accepted2 = ({ records }: Stage, call: string): number =>
  records.filter((r) => r.event === "pve" && r.call === call && r.status === 200).length;

test("a guest that is migrated by hand between proof and start is started where it is", async () => {
  const outcome = await play({ jobs: 1, fault: (stage) => upon(isStart, () => migrate(stage, 200)) });
  isRight(outcome, 1);
});

test("a guest that is migrated by hand while it works is removed where it is when it is done", async () => {
  const outcome = await play({
    jobs: 1,
    fault: (stage) => {
      let due = false;
      return async (_, next) => {
        if (!due && stage.records.some((r) => r.event === "job" && r.what === "started")) {
          due = true;
          migrate(stage, 200);
        }
        const answer = await next();
        return new Response(answer.body, answer);
      };
    },
  });
  isRight(outcome, 1);
  const gone = outcome.records.flatMap((r) =>
    r.event === "pve" && r.call === "destroy" && r.status === 200 ? [r.path] : [],
  );
  assert.deepEqual(gone, ["/nodes/pve2/qemu/200"]);
});
