import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError, type ErrorCode, hasCode } from "../../src/domain/errors.ts";
import { asRunnerId } from "../../src/domain/ids.ts";
import type { Action } from "../../src/domain/runners/actions.ts";
import type { Readiness } from "../../src/domain/runners/memory.ts";
import { Secret } from "../../src/domain/secret.ts";
import type { Deregistered } from "../../src/engine/forge.ts";
import type { FileAnswer } from "../../src/engine/site.ts";
import { arm } from "../../src/runners/arm.ts";
import type { Tools } from "../../src/runners/tools.ts";
import { guestOf, jobOf, poolOf } from "../fixtures.ts";

const { vmid, name, node } = guestOf("a");
const pool = poolOf({ delivery: { kind: "agent" } });
const { signal } = new AbortController();

interface Scene {
  readonly os?: "linux" | "windows";
  readonly answer?: FileAnswer;
  readonly queued?: boolean;
  /** A record that an earlier process has left. */
  readonly record?: boolean;
  readonly deregistered?: Deregistered;
  /** The step that fails, and how. */
  readonly fails?: readonly [step: string, code: ErrorCode];
}

/** What one arming did, in its order. */
async function play({ os = "linux", answer = "there", queued = true, ...scene }: Scene) {
  const steps: string[] = [];
  const step = async <T>(what: string, result: T): Promise<T> => {
    steps.push(what);
    if (scene.fails?.[0] === what) throw new DispatcherError(scene.fails[1], `${what}: no`);
    return result;
  };
  const tools = {
    site: {
      hasFile: (_guest: unknown, path: string) => step(`is ${path} there`, answer),
      advance: (_guest: unknown, { from, to }: { from: string; to: string }) => step(`${from} → ${to}`, undefined),
      writeFile: (_guest: unknown, path: string, content: Secret) =>
        step(`write ${path}`, assert.equal(content.reveal(), path.endsWith("ready") ? "" : "kind=jit")),
    },
    forge: {
      stillQueued: () => step("still queued", queued),
      mint: () => step("mint", { kind: "jit", config: new Secret("jit"), runnerId: asRunnerId(7) }),
      deregister: (_scope: string, { id }: { id: number }) => step(`deregister ${id}`, scene.deregistered ?? "removed"),
    },
    credentialFile: () => new Secret("kind=jit"),
  } as unknown as Tools;
  const action: Action<"arm"> = {
    ...{ kind: "arm", pool: pool.name, why: "", guest: { vmid, name }, node, os },
    record: scene.record === true ? { scope: "repos/octo/demo", id: asRunnerId(3) } : null,
    job: { repository: jobOf(1).repository, id: jobOf(1).id },
  };
  const heard: Readiness[] = [];
  let armed = false;
  const listener = {
    heard: (readiness: Readiness) => void heard.push(readiness),
    armed() {
      armed = true;
    },
  };
  const failure = await arm(tools, action, pool, listener, signal).then(
    () => null,
    (error: unknown) => error,
  );
  return { steps, heard, armed, failure };
}

const asked = ["is /run/dispatcher/waiting there", "still queued"];
const whole = [
  ...[...asked, "mint", "started → armed"],
  ...["write /run/dispatcher/credential", "write /run/dispatcher/ready"],
];

test("a secret is minted when the guest waits and the job does too, and the phase says so before it is written", async () => {
  const { steps, heard, armed, failure } = await play({});
  assert.deepEqual({ steps, heard, armed, failure }, { steps: whole, heard: ["waiting"], armed: true, failure: null });
});

test("a Windows guest has its files where Windows keeps such things", async () => {
  const { steps } = await play({ os: "windows" });
  assert.deepEqual(
    steps.filter((step) => step.includes("\\")),
    [
      String.raw`is C:\ProgramData\dispatcher\waiting there`,
      String.raw`write C:\ProgramData\dispatcher\credential`,
      String.raw`write C:\ProgramData\dispatcher\ready`,
    ],
  );
});

for (const [answer, says] of [
  ["silent", "silent"],
  ["answers", "answers"],
  ["unknown", "unknown"],
] as const) {
  test(`nothing is minted for a guest that does not wait (${answer})`, async () => {
    const { steps, heard, armed, failure } = await play({ answer });
    assert.deepEqual({ steps, heard }, { steps: asked.slice(0, 1), heard: [says] });
    assert.deepEqual({ armed, failure }, { armed: false, failure: null });
  });
}

test("nothing is minted for a job that waits no longer", async () => {
  assert.deepEqual((await play({ queued: false })).steps, asked);
});

test("the record of a config that an earlier process minted and never wrote goes before another is minted", async () => {
  assert.deepEqual((await play({ record: true })).steps, whole.toSpliced(2, 0, "deregister 3"));
});

test("a guest whose name a working runner has is not armed", async () => {
  const { steps, failure } = await play({ record: true, deregistered: "busy" });
  assert.ok(hasCode(failure, "conflict"));
  assert.ok(!steps.includes("mint"));
});

test("a config that cannot be minted leaves the guest as it is, to be armed later", async () => {
  const { steps, armed, failure } = await play({ fails: ["mint", "unavailable"] });
  assert.deepEqual({ steps, armed }, { steps: [...asked, "mint"], armed: false });
  assert.ok(hasCode(failure, "unavailable"));
});

for (const [step, code] of [
  ["started → armed", "conflict"],
  ["started → armed", "lost_answer"],
  ["write /run/dispatcher/credential", "unavailable"],
  ["write /run/dispatcher/credential", "lost_answer"],
  ["write /run/dispatcher/ready", "invalid"],
] as const) {
  test(`a config that for certain started nothing is withdrawn (${step}: ${code})`, async () => {
    const { steps, failure } = await play({ fails: [step, code] });
    assert.deepEqual(steps, [...whole.slice(0, whole.indexOf(step) + 1), "deregister 7"]);
    assert.ok(hasCode(failure, code));
  });
}

test("a config whose second file may have arrived is left to its runner", async () => {
  const { steps, armed, failure } = await play({ fails: ["write /run/dispatcher/ready", "lost_answer"] });
  assert.deepEqual({ steps, armed }, { steps: whole, armed: true });
  assert.ok(hasCode(failure, "lost_answer"));
});
