import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Stage } from "./stage.ts";

const world = {
  pve: { nodes: [{ name: "pve1" }], guests: [{ vmid: 9000, name: "small", node: "pve1", template: true }] },
  github: {
    repositories: [{ name: "octo/demo" }],
    jobs: [
      {
        repository: "octo/demo",
        labels: ["self-hosted", "linux"],
        count: 2,
        name: "taken",
        durationMs: 300_000,
        atMs: 0,
      },
      { repository: "octo/demo", labels: ["self-hosted", "linux"], count: 1, name: "late", durationMs: 1_000, atMs: 0 },
    ],
  },
  dispatcher: {
    PROXMOX_NODE: "pve1",
    REPO_OWNER: "octo",
    REPO_NAME: "demo",
    TEMPLATE_NAME: "small",
    RUNNER_LABELS: "linux",
    RUNNER_MAX: "2",
    POLL_INTERVAL: "1",
    DISPATCHER_LISTEN: "off",
  },
};

test("a drain waits for the running jobs, gives no guest to the waiting one, and ends when nothing is left", async () => {
  const stage = new Stage();
  after(() => stage.close());
  await stage.emulate(world, 10);
  stage.writeEnv(stage.env);

  const daemon = stage.start(["run"]);
  const begun = (records: ReturnType<typeof stage.audit>) =>
    records.filter((r) => r.event === "job" && r.what === "started").length === 2;
  await stage.until(begun);
  const refused = stage.start(["drain"]);
  assert.equal(await refused.ended, 1, "not beside a daemon");
  assert.match(refused.text(), /the lease cannot be taken/);
  assert.equal(await daemon.stop(), 0);

  const drain = stage.start(["drain", "--json"]);
  assert.equal(await drain.ended, 0, drain.text());
  assert.deepEqual(JSON.parse(drain.text().trim().split("\n").at(-1) ?? ""), { drained: true, guests: [], strays: [] });
  const jobs = stage.audit().flatMap((r) => (r.event === "job" ? [r.what] : []));
  assert.equal(jobs.filter((what) => what === "started").length, 2, "the third job waits on");
  assert.equal(jobs.filter((what) => what === "completed").length, 2, "nobody's job was cut off");
  assert.deepEqual(await stage.left(), { guests: 0, seeds: 0, runners: 0 });
});
