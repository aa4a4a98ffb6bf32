import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab, withTemplate } from "./lab.ts";

const unknown = "UPID:pve1:00000001:00000001:00000001:qmclone:9000:root@pam!lab:";

test("a task is running, then stopped with its exit status", async () => {
  const lab = new Lab(withTemplate());
  const { data } = await lab.clone(101);
  const status = async (): Promise<Record<string, unknown>> =>
    (await lab.get(`/nodes/pve1/tasks/${String(data)}/status`)).data as Record<string, unknown>;
  const running = await status();
  assert.deepEqual([running.status, running.exitstatus], ["running", undefined]);
  assert.deepEqual([running.user, running.tokenid, running.id], ["root@pam", "lab", "9000"]);
  await lab.time.pass(1_000);
  const ended = await status();
  assert.deepEqual([ended.status, ended.exitstatus], ["stopped", "OK"]);
});

test("one list shows what runs on a node, another what ended, a third both", async () => {
  const lab = new Lab(withTemplate());
  await lab.cloned(101);
  await lab.clone(102);
  const list = async (query: string): Promise<unknown[]> => {
    const { data } = await lab.get(`/nodes/pve1/tasks?${query}`);
    return (data as { status: string; user: string }[]).map(({ status, user }) => [status, user]);
  };
  const [active, ended] = [
    ["RUNNING", "root@pam!lab"],
    ["OK", "root@pam"],
  ];
  assert.deepEqual(await list("source=active"), [active]);
  assert.deepEqual(await list(""), [ended]);
  assert.deepEqual(await list("source=all"), [active, ended]);
  assert.deepEqual(await list("source=all&limit=1"), [active]);
  assert.deepEqual(await list("typefilter=qmstart"), []);
});

test("the cluster's list has neither end nor status for what runs", async () => {
  const lab = new Lab(withTemplate());
  await lab.clone(101);
  const [task = {}] = (await lab.get("/cluster/tasks")).data as Record<string, unknown>[];
  assert.deepEqual([task.type, task.endtime, task.status], ["qmclone", undefined, undefined]);
  await lab.time.pass(1_000);
  const [ended = {}] = (await lab.get("/cluster/tasks")).data as Record<string, unknown>[];
  assert.deepEqual([ended.status, typeof ended.endtime], ["OK", "number"]);
});

test("an unknown task has no status, and a log that is not one", async () => {
  for (const { generation, data } of [
    { generation: "8.4", data: { n: 1, t: "unable to open file - No such file or directory" } },
    { generation: "9.2", data: [{ n: 1, t: "unable to open file - No such file or directory" }] },
  ] as const) {
    const lab = new Lab({ generation });
    assert.deepEqual((await lab.get(`/nodes/pve1/tasks/${unknown}/status`)).errors, { upid: "no such task" });
    assert.deepEqual((await lab.get(`/nodes/pve1/tasks/${unknown}/log`)).data, data);
  }
});

test("a log is read in parts", async () => {
  const lab = new Lab(withTemplate());
  const { data } = await lab.clone(101);
  await lab.time.pass(1_000);
  const answer = await lab.get(`/nodes/pve1/tasks/${String(data)}/log?start=3&limit=1`);
  assert.deepEqual([answer.data, answer.total], [[{ n: 4, t: "TASK OK" }], 4]);
});

test("another token's tasks need a privilege on the node", async () => {
  const lab = new Lab({
    ...withTemplate(),
    tokens: [
      { id: "root@pam!lab", secret: "secret" },
      { id: "a@pve!b", secret: "s", privileges: [] },
    ],
  });
  const { data } = await lab.clone(101);
  const answer = await lab.get(`/nodes/pve1/tasks/${String(data)}/status`, "a@pve!b=s");
  assert.equal(answer.reason, "Permission check failed (/nodes/pve1, Sys.Audit)");
  assert.deepEqual((await lab.get("/nodes/pve1/tasks?source=active", "a@pve!b=s")).data, []);
});

test("old finished tasks are forgotten, running ones never", async () => {
  const lab = new Lab({ ...withTemplate(), durations: { fullClone: 1e9, deleteVolume: 0 } });
  const first = String((await lab.delete("/nodes/pve1/storage/local/content/iso/x.iso")).data);
  await lab.time.pass(10);
  const long = String((await lab.clone(101, { full: 1 })).data);
  const { tasks } = lab.pve.state;
  for (let n = 0; n < 4_000; n++) {
    tasks.start({ node: "pve1", type: "imgdel", id: "local", token: "root@pam!lab" }, async () => {});
  }
  await lab.time.pass(10);
  assert.equal(tasks.find(first), undefined);
  assert.notEqual(tasks.find(long), undefined);
  assert.ok([...tasks.finished()].length >= 2_000);
});
