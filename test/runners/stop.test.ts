import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "../../src/domain/errors.ts";
import type { ForgeView } from "../../src/domain/observation.ts";
import type { StopEvidence } from "../../src/domain/runners/actions.ts";
import { spellState } from "../../src/domain/runners/guest-state.ts";
import type { AgentAnswer } from "../../src/engine/site.ts";
import { stop } from "../../src/runners/stop.ts";
import type { Tools } from "../../src/runners/tools.ts";
import { forgeOf, guestOf, jobOf, poolOf, recordOf, silentForge } from "../fixtures.ts";

const { vmid, name, node } = guestOf("a");
const signal = new AbortController().signal;

interface Scene {
  readonly evidence: StopEvidence;
  readonly says?: string | null;
  readonly agent?: AgentAnswer;
  readonly forge?: ForgeView;
}

async function play({ evidence, says = null, agent = "silent", forge = forgeOf() }: Scene) {
  const did: string[] = [];
  const heard: string[] = [];
  const answers = async <T>(what: string, answer: T): Promise<T> => {
    did.push(what);
    return answer;
  };
  const tools = {
    forge: { observe: () => answers("lists", forge), deregister: () => answers("deregister", "removed") },
    site: {
      readFile: (_guest: unknown, path: string) => answers(`read ${path}`, says),
      agent: () => answers("ping", agent),
      stopAndDestroy: () => answers("stop", undefined),
    },
    storeOf: () => ({ remove: () => answers("seed", undefined) }),
  } as unknown as Tools;
  const action = {
    kind: "stop" as const,
    pool: poolOf().name,
    why: "",
    guest: { vmid, name },
    node,
    os: "linux" as const,
    evidence,
  };
  const refusal = await stop(tools, action, poolOf(), signal, (state) => heard.push(spellState(state))).then(
    () => null,
    (error: unknown) => {
      assert.ok(hasCode(error, "conflict"));
      assert.ok(!did.includes("stop"), "nothing was stopped");
      return error.message;
    },
  );
  return { did, heard, refusal };
}

const asked = "read /run/dispatcher/state";
const record = forgeOf({ runners: [recordOf("a", { online: false })] });
const working = forgeOf({ jobs: [jobOf(1, { status: "in_progress", runner: name })] });
const unseen = forgeOf({}, { closedPools: new Set() });

test("right before the stop the lists are read again, and after them the guest's own word", async () => {
  const { did, heard, refusal } = await play({ evidence: "quiet", says: "listening\n" });
  assert.equal(refusal, null);
  assert.deepEqual(did, ["lists", asked, "stop", "seed"]);
  assert.deepEqual(heard, ["listening"]);
});

const stopped: readonly (readonly [string, Scene])[] = [
  ["a guest that says done", { evidence: "quiet", says: "done\n" }],
  ["a guest that says why it failed", { evidence: "quiet", says: "failed: no runner\n" }],
  [
    "a guest that says that it listens, where not all jobs are seen",
    { evidence: "quiet", says: "listening\n", forge: unseen },
  ],
  ["a guest that says nothing, where all jobs are seen", { evidence: "withdrawn" }],
  ["a guest that says that it listens, on the slower way", { evidence: "withdrawn", says: "listening\n" }],
  ["a guest whose agent is silent and that never worked", { evidence: "silent", forge: unseen }],
  ["a guest that never worked in a day and does not say that it does", { evidence: "aged", forge: unseen }],
  ["a guest over its hard lifetime, whatever it and GitHub say", { evidence: "overdue", says: "job 1", forge: record }],
  ["a guest over its hard lifetime without GitHub", { evidence: "overdue", forge: silentForge }],
];
for (const [what, scene] of stopped) {
  test(`${what}, is stopped`, async () => {
    assert.equal((await play(scene)).refusal, null);
  });
}

const kept: readonly (readonly [string, Scene, RegExp])[] = [
  ["whose word is missing now", { evidence: "quiet", says: null }, /does not say any more/],
  ["whose word cannot be read", { evidence: "quiet", says: "job\u0000" }, /does not say any more/],
  ["that says that it works", { evidence: "quiet", says: "job 7\n" }, /it works \(job 7\)/],
  ["that says that it works, on the slower way", { evidence: "withdrawn", says: "job 7\n" }, /it works \(job 7\)/],
  ["that says after a day that it works", { evidence: "aged", says: "job 7\n" }, /it works/],
  ["whose agent is not silent after all", { evidence: "silent", agent: "answers" }, /not silent/],
  ["whose agent nobody could ask", { evidence: "silent", agent: "unknown" }, /not silent/],
  ["whose jobs are not all seen", { evidence: "withdrawn", forge: unseen }, /not all jobs/],
];
for (const [what, scene, why] of kept) {
  test(`a guest ${what} is kept`, async () => {
    assert.match((await play(scene)).refusal ?? "", why);
  });
}

for (const evidence of ["quiet", "withdrawn", "silent", "aged"] as const) {
  test(`whatever else is known (${evidence}), a record, a job with its name, or a silent GitHub keeps a guest`, async () => {
    const says = "listening\n";
    assert.match((await play({ evidence, says, forge: record })).refusal ?? "", /record is there again/);
    assert.match((await play({ evidence, says, forge: working })).refusal ?? "", /carries its name/);
    assert.match((await play({ evidence, says, forge: silentForge })).refusal ?? "", /does not list/);
  });
}
