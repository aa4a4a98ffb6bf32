import assert from "node:assert/strict";
import { test } from "node:test";
import { DispatcherError, hasCode } from "../../src/domain/errors.ts";
import { asUpid, type NodeName, type Upid } from "../../src/domain/ids.ts";
import type { ActiveTask, TaskStatus } from "../../src/proxmox/client.ts";
import { createTasks, type Tasks } from "../../src/proxmox/tasks.ts";
import { parseUpid } from "../../src/proxmox/upid.ts";
import { FakeClock } from "./fake-clock.ts";
import { never } from "./fake-pve.ts";

const minute = { deadline: 60_000, signal: never };

let serial = 0;
const newUpid = (node = "pve1"): Upid =>
  asUpid(`UPID:${node}:${(++serial).toString(16).padStart(8, "0")}:0006215E:6B014E43:qmclone:9000:a@pve!t:`);

/** A PVE that knows nothing but tasks: each ends at its time. */
class TaskServer {
  readonly clock = new FakeClock();
  readonly tasks: Tasks = createTasks(this, this.clock);
  /** When each list of a node was asked for. */
  readonly lists: { readonly node: string; readonly at: number }[] = [];
  statusCalls = 0;
  log: string[] = [];
  /** What the next calls meet instead of an answer. */
  readonly trouble: DispatcherError[] = [];
  readonly #ends = new Map<Upid, { readonly at: number; readonly exitStatus: string }>();

  begin(runs: number, exitStatus = "OK", upid = newUpid()): Upid {
    this.#ends.set(upid, { at: this.clock.now() + runs, exitStatus });
    return upid;
  }

  async activeTasks(node: NodeName): Promise<ActiveTask[]> {
    this.lists.push({ node, at: this.clock.now() });
    this.#stumble();
    const here = [...this.#ends].filter(([upid, { at }]) => parseUpid(upid).node === node && at > this.clock.now());
    return here.map(([upid]) => parseUpid(upid));
  }

  async taskStatus(upid: Upid): Promise<TaskStatus> {
    this.statusCalls++;
    this.#stumble();
    const end = this.#ends.get(upid);
    if (end === undefined) throw new DispatcherError("invalid", "no such task");
    return end.at > this.clock.now() ? { kind: "running" } : { kind: "stopped", exitStatus: end.exitStatus };
  }

  async taskLog(): Promise<string[]> {
    this.#stumble();
    return this.log;
  }

  #stumble(): void {
    const error = this.trouble.shift();
    if (error !== undefined) throw error;
  }
}

const away = (): DispatcherError => new DispatcherError("unavailable", "GET /x: Connection refused");

test("a task that ends OK is ok, soon after its end", async () => {
  const pve = new TaskServer();
  const began = pve.clock.now();
  assert.deepEqual(await pve.clock.until(pve.tasks.outcome(pve.begin(1_400), minute)), { kind: "ok" });
  assert.equal(pve.clock.now() - began, 1_500);
});

test("many tasks of one node share one list: ten in their first second, then four", async () => {
  const pve = new TaskServer();
  const ends = Array.from({ length: 16 }, (_, n) => pve.tasks.outcome(pve.begin(1_000 + 10 * n), minute));
  await pve.clock.until(Promise.all(ends));
  const gaps = pve.lists.slice(1).map(({ at }, n) => at - (pve.lists[n]?.at ?? 0));
  assert.deepEqual(gaps, [...Array.from({ length: 10 }, () => 100), 250]);
  assert.equal(pve.statusCalls, 16);
});

test("the longer a node's newest task runs, the seldomer its list is asked for, down to once in two seconds", async () => {
  const pve = new TaskServer();
  await pve.clock.until(pve.tasks.outcome(pve.begin(50_000), minute));
  const after = (ms: number): number => {
    const [first, second] = pve.lists.filter(({ at }) => at >= (pve.lists[0]?.at ?? 0) + ms);
    return (second?.at ?? 0) - (first?.at ?? 0);
  };
  assert.deepEqual([after(0), after(2_000)].map(Math.round), [100, 250]);
  assert.ok(after(5_000) >= 500 && after(5_000) < 600, `${after(5_000)} ms`);
  assert.ok(after(10_000) >= 1_000 && after(10_000) < 1_250, `${after(10_000)} ms`);
  assert.equal(after(30_000), 2_000);
});

test("each node has its own list", async () => {
  const pve = new TaskServer();
  const here = pve.tasks.outcome(pve.begin(100), minute);
  const there = pve.tasks.outcome(pve.begin(100, "OK", newUpid("pve2")), minute);
  await pve.clock.until(Promise.all([here, there]));
  assert.deepEqual([...new Set(pve.lists.map(({ node }) => node))], ["pve1", "pve2"]);
});

test("nothing is asked when nothing is awaited any more", async () => {
  const pve = new TaskServer();
  await pve.clock.until(pve.tasks.outcome(pve.begin(100), minute));
  const asked = pve.lists.length;
  await pve.clock.until(pve.clock.sleep(10_000));
  assert.equal(pve.lists.length, asked);
});

test("a task that the list does not show and that still runs is awaited on", async () => {
  const pve = new TaskServer();
  const upid = pve.begin(600);
  pve.activeTasks = async () => [];
  assert.deepEqual(await pve.clock.until(pve.tasks.outcome(upid, minute)), { kind: "ok" });
});

test("a task with warnings is done, and its log is there to be read", async () => {
  const pve = new TaskServer();
  pve.log = ["WARN: systemd 252 detected", "TASK WARNINGS: 1"];
  const upid = pve.begin(100, "WARNINGS: 1");
  assert.deepEqual(await pve.clock.until(pve.tasks.outcome(upid, minute)), { kind: "warned", log: pve.log });
  await pve.clock.until(pve.tasks.finish(upid, "start 101", minute));
});

test("a failed task throws its exit status in the caller's words, with the end of its log", async () => {
  const pve = new TaskServer();
  pve.log = Array.from({ length: 50 }, (_, n) => `line ${n}`);
  const upid = pve.begin(100, "start failed: QEMU exited with code 1");
  const error = await pve.clock.until(pve.tasks.finish(upid, "start 101", minute)).catch((e: unknown) => e);
  assert.ok(hasCode(error, "task_failed"));
  assert.equal(error.message, "start 101: start failed: QEMU exited with code 1");
  assert.equal(error.details.log?.length, 20);
  assert.equal(error.details.log?.at(-1), "line 49");
});

test("a task that lacked a privilege comes with the grant that mends it", async () => {
  const pve = new TaskServer();
  const upid = pve.begin(0, "403 Permission check failed (/vms/101, VM.Config.CPU)");
  const error = await pve.clock.until(pve.tasks.finish(upid, "configure 101", minute)).catch((e: unknown) => e);
  assert.ok(hasCode(error, "task_failed"));
  assert.equal(error.details.remedy, "grant VM.Config.CPU on /vms/101 to the token (and to its user)");
});

for (const exitStatus of ["unexpected status", "", "interrupted by signal", "OK?", "WARNINGS"]) {
  test(`the exit status "${exitStatus}" is a failure`, async () => {
    const pve = new TaskServer();
    const outcome = await pve.clock.until(pve.tasks.outcome(pve.begin(0, exitStatus), minute));
    assert.equal(outcome.kind, "failed");
  });
}

test("a failure is told even where its log cannot be read", async () => {
  const pve = new TaskServer();
  pve.taskLog = async () => {
    throw away();
  };
  const outcome = await pve.clock.until(pve.tasks.outcome(pve.begin(0, "clone failed"), minute));
  assert.deepEqual(outcome, {
    kind: "failed",
    exitStatus: "clone failed",
    log: ["(the log could not be read: GET /x: Connection refused)"],
  });
});

test("daemons that restart do not make a task fail", async () => {
  const pve = new TaskServer();
  const upid = pve.begin(2_000);
  pve.trouble.push(away(), away(), new DispatcherError("timeout", "GET /x: no answer within 30 s"), away());
  assert.deepEqual(await pve.clock.until(pve.tasks.outcome(upid, minute)), { kind: "ok" });
});

test("a token that is refused ends the waiting", async () => {
  const pve = new TaskServer();
  pve.trouble.push(new DispatcherError("unauthorized", "GET /x: Authentication failed!"));
  await assert.rejects(pve.clock.until(pve.tasks.outcome(pve.begin(5_000), minute)), (e) => hasCode(e, "unauthorized"));
});

test("a task that outlives the deadline is a timeout that names it and the last silence", async () => {
  const pve = new TaskServer();
  const upid = pve.begin(120_000);
  pve.trouble.push(away());
  const began = pve.clock.now();
  const error = await pve.clock.until(pve.tasks.outcome(upid, minute)).catch((e: unknown) => e);
  assert.ok(hasCode(error, "timeout"));
  assert.equal(error.message, `task ${upid}: no end seen within 60 s; last silence: GET /x: Connection refused`);
  assert.equal(pve.clock.now() - began, 60_000);
});

test("one waiter that leaves does not disturb another", async () => {
  const pve = new TaskServer();
  const stop = new AbortController();
  const left = pve.tasks.outcome(pve.begin(1_000), { deadline: 60_000, signal: stop.signal });
  const stays = pve.tasks.outcome(pve.begin(1_000), minute);
  stop.abort(new Error("shutdown"));
  await assert.rejects(left, /shutdown/);
  assert.deepEqual(await pve.clock.until(stays), { kind: "ok" });
});

test("a node's running tasks come from a list that is younger than the question", async () => {
  const pve = new TaskServer();
  const waiting = pve.tasks.outcome(pve.begin(5_000), minute);
  await pve.clock.until(pve.clock.sleep(300));
  const fresh = pve.begin(1_000);
  const list = await pve.clock.until(pve.tasks.active(parseUpid(fresh).node, never));
  assert.ok(list.some((task) => task.upid === fresh));
  await pve.clock.until(waiting);
});
