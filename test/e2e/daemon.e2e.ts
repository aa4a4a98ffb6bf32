import assert from "node:assert/strict";
import { after, test } from "node:test";
import { summarise } from "../../src/cli/demo/summary.ts";
import { Stage } from "./stage.ts";

/** The daemon as a process: several pools, an organisation's runners, a stop in the middle of the work. */

const job = { durationMs: 100_000, atMs: 0 };
const world = {
  pve: {
    nodes: [{ name: "pve1" }, { name: "pve2" }],
    resourcePools: ["runners"],
    guests: [
      { vmid: 9000, name: "small", node: "pve1", template: true },
      { vmid: 9001, name: "small", node: "pve2", template: true },
      { vmid: 9002, name: "large", node: "pve1", template: true, protection: true },
    ],
  },
  github: {
    repositories: [{ name: "acme/app" }, { name: "acme/site" }, { name: "acme/open", visibility: "public" }],
    organisations: [
      {
        login: "acme",
        groups: [{ id: 5, name: "vms", visibility: "selected", repositories: ["acme/app", "acme/site"] }],
      },
    ],
    jobs: [
      { ...job, repository: "acme/app", labels: ["self-hosted", "Linux"], count: 3, name: "build" },
      { ...job, repository: "acme/site", labels: ["self-hosted", "gpu"], count: 1, name: "train" },
      { ...job, repository: "acme/site", labels: ["self-hosted", "arm"], count: 1, name: "nobody" },
      { ...job, repository: "acme/open", labels: ["self-hosted", "linux"], count: 1, name: "outsider" },
      { ...job, repository: "acme/app", labels: ["self-hosted", "linux"], count: 1, name: "forked", fork: true },
    ],
  },
  dispatcher: { PROXMOX_NODE: "pve1", POLL_INTERVAL: "1" },
};

const pools = `
max_total_runners: 6
pools:
  - name: small
    labels: [linux]
    github: { organisation: acme, repositories: [app, site, open], runner_group: vms }
    template: small
    nodes: [pve1, pve2]
    vmids: "300-319"
    runner_name_prefix: small
    resource_pool: runners
    max_runners: 4
  - name: large
    # Without linux: a large runner that is ready first would otherwise take one of the small jobs, as it may.
    labels: [gpu]
    github: { organisation: acme, repositories: [app, site], runner_group: vms }
    template: 9002
    nodes: [pve1]
    cores: 8
    memory: 16GiB
    disk: 40GiB
    vmids: "320-329"
    runner_name_prefix: large
    resource_pool: runners
    max_runners: 2
`;

test("two pools of an organisation serve their jobs through a stop and a restart, and refuse what policy refuses", async () => {
  const stage = new Stage();
  after(() => stage.close());
  await stage.emulate(world, 10);
  stage.writeEnv({ ...stage.env, DISPATCHER_LISTEN: "127.0.0.1:0" });
  stage.write("dispatcher.yaml", pools);

  const first = stage.start(["run"]);
  const listening = await first.line(/health and metrics at/);
  await first.line(/nobody of acme\/site gets no guest: no pool has self-hosted, arm/);
  await first.line(/outsider of acme\/open gets no guest: .*public/);
  await first.line(/forked of acme\/app gets no guest: .*fork/);
  await first.line(/scrub large-.*: done/);
  const health = await fetch(`${/http:\S+/.exec(listening)?.[0]}/healthz`);
  assert.equal(health.status, 200, await health.text());
  assert.equal(await first.stop(), 0, "SIGTERM is an ordinary end");
  assert.match(first.text(), /a restart takes up the guests/);

  const second = stage.start(["run"]);
  await stage.until((records) => summarise(records, 4).completed === 4);
  await stage.until((records) => records.findLast((r) => r.event === "tally")?.left.guests === 0);
  assert.equal(await second.stop(), 0);

  const started = stage.audit().flatMap((r) => (r.event === "job" && r.what === "started" ? [r.runner ?? ""] : []));
  assert.deepEqual(started.map((name) => name.split("-")[0]).sort(), ["large", "small", "small", "small"]);
  const clones = stage.audit().filter((r) => r.event === "pve" && r.call === "clone" && r.status === 200);
  assert.equal(clones.length, 4, "no job got two guests, and no refused job got one");
  assert.deepEqual(await stage.left(), { guests: 0, seeds: 0, runners: 0 });
});
