import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { cli } from "../../src/cli/cli.ts";
import { readAll } from "../../src/cli/selftest/reads.ts";
import { tryScratchGuest, untilFailure } from "../../src/cli/selftest/scratch.ts";
import { type StepReport, Steps } from "../../src/cli/selftest/steps.ts";
import { DispatcherError } from "../../src/domain/errors.ts";
import { asNodeName, asVmid } from "../../src/domain/ids.ts";
import { readMarker } from "../../src/domain/marker.ts";
import { instance, poolOf } from "../fixtures.ts";
import { lab, seededChance } from "../lab.ts";

const privileges = [
  ..."VM.Allocate VM.Audit VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk".split(" "),
  ..."VM.Config.Memory VM.Config.Network VM.Config.Options VM.PowerMgmt VM.GuestAgent.Audit Pool.Audit".split(" "),
  ..."Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit Sys.Audit SDN.Use".split(
    " ",
  ),
];
const grants = (paths: Readonly<Record<string, readonly string[]>>) => ({
  tokens: [
    {
      id: "dispatcher@pve!lab",
      secret: "11111111-2222-3333-4444-555555555555",
      privileges: Object.entries(paths).map(([path, granted]) => ({ path, privileges: granted })),
    },
  ],
});

/** Plays the task on an emulated PVE. `told` hears of each step before the next one begins. */
async function play(
  options: Parameters<typeof lab>[0] = {},
  told: (report: StepReport, world: ReturnType<typeof lab>) => void = () => {},
  stop = new AbortController().signal,
) {
  const world = lab(options);
  const { clock, client, site, seeds } = world;
  const reports: StepReport[] = [];
  const steps = new Steps(clock, (report) => {
    reports.push(report);
    told(report, world);
  });
  const tools = { instance, site, clock, chance: seededChance(), storeOf: () => seeds, client };
  await clock.until(untilFailure(tryScratchGuest(tools, poolOf({ guest: world.spec }), steps, stop)));
  const ended = (result: StepReport["result"]): readonly string[] =>
    reports.filter((report) => report.result === result).map(({ step }) => step);
  const { guests, seeds: files } = world.pve.tally();
  return { ...world, reports, ended, steps, left: { guests, files } };
}

const nothing = { guests: 0, files: 0 };

for (const generation of ["8.4", "9.2"]) {
  test(`a scratch guest goes through every step on PVE ${generation}, and nothing of it is left`, async () => {
    const { steps, ended, changes, left, reports } = await play({ world: { generation } });
    assert.deepEqual(ended("failed"), []);
    assert.deepEqual(ended("skipped"), []);
    assert.ok(steps.allPassed);
    const made = changes();
    for (const call of ["clone", "config", "snapshot", "rollback", "snapshot.delete", "start", "stop", "destroy"])
      assert.ok(made.includes(`${call} 200`), `${call} in ${made.join(", ")}`);
    assert.deepEqual(left, nothing);
    const clone = reports.find(({ step }) => step === "clone");
    assert.ok(clone !== undefined && clone.ms >= 300 && clone.ms < 2_000, `clone took ${clone?.ms} ms`);
  });
}

test("its marker is that of a runner of the pool, so that a daemon removes what a crash leaves", async () => {
  const seen: unknown[] = [];
  await play({}, ({ step }, { pve, signer }) => {
    if (step !== "configure" && step !== "rollback") return;
    const description = String(pve.state.guests.get(200)?.config.get("description"));
    const read = readMarker(description, asVmid(200), signer);
    if (read.kind === "valid") seen.push([step, read.marker.kind, read.marker.pool, read.marker.phase]);
  });
  assert.deepEqual(seen, [
    ["configure", "runner", "default", "cloned"],
    ["rollback", "runner", "default", "cloned"],
  ]);
});

test("without VM.Snapshot the snapshot is skipped with a sentence, and all else passes", async () => {
  const { steps, ended, reports, changes, left } = await play({ world: grants({ "/": privileges }) });
  assert.ok(steps.allPassed, JSON.stringify(reports));
  assert.deepEqual(ended("skipped"), ["snapshot"]);
  assert.match(reports.find(({ result }) => result === "skipped")?.text ?? "", /lacks VM\.Snapshot/);
  assert.ok(!changes().some((change) => /snapshot|rollback/.test(change)));
  assert.deepEqual(left, nothing);
});

test("VM.Snapshot on the resource pool is enough for its guests' snapshots", async () => {
  const confined = {
    resourcePools: ["runners"],
    ...grants({
      "/vms/9000": ["VM.Audit", "VM.Clone"],
      "/pool/runners": [...privileges, "VM.Snapshot"],
      "/storage/local": privileges,
      "/nodes/pve1": ["Sys.Audit"],
      "/sdn/zones/localnetwork/vmbr0": ["SDN.Use"],
    }),
  };
  const { steps, ended, reports, left } = await play({ world: confined, spec: { resourcePool: "runners" } });
  assert.ok(steps.allPassed, JSON.stringify(reports));
  assert.deepEqual(ended("skipped"), []);
  assert.deepEqual(left, nothing);
});

test("what cannot be removed is told at the end", async () => {
  const { steps, ended, reports, left } = await play({
    faults: {
      before: (request) =>
        request.method === "DELETE" && request.url.includes("/qemu/200?")
          ? new Response(null, { status: 403, statusText: "Permission check failed" })
          : null,
    },
  });
  assert.equal(steps.allPassed, false);
  assert.deepEqual(ended("failed"), ["stop and destroy", "nothing left"]);
  assert.match(reports.at(-1)?.text ?? "", /^left of guest 200: VMID 200 .*its seed in iso local/);
  assert.deepEqual(left, { guests: 1, files: 1 });
});

const refusals = {
  configure: ["PUT", "/config"],
  snapshot: ["POST", "/snapshot"],
  rollback: ["POST", "/rollback"],
  "delete the snapshot": ["DELETE", "/snapshot/selftest"],
  seed: ["POST", "/upload"],
  start: ["POST", "/status/start"],
} as const;

for (const [step, [method, end]] of Object.entries(refusals)) {
  test(`when the step ${step} is refused, that one failed and nothing is left`, async () => {
    const { steps, ended, left, reports } = await play({
      faults: {
        before: (request) =>
          request.method === method && new URL(request.url).pathname.endsWith(end)
            ? new Response(null, { status: 403, statusText: "Permission check failed" })
            : null,
      },
    });
    assert.deepEqual(ended("failed"), [step], JSON.stringify(reports));
    assert.equal(steps.allPassed, false);
    assert.deepEqual(left, nothing);
  });
}

test("a removal that is in the way for a moment is tried again", async () => {
  let refused = 0;
  const { steps, left } = await play({
    faults: {
      before: (request) =>
        request.method === "DELETE" && request.url.includes("/qemu/200?") && refused++ === 0
          ? new Response(null, { status: 595, statusText: "Connection refused" })
          : null,
    },
  });
  assert.equal(refused > 1, true);
  assert.ok(steps.allPassed);
  assert.deepEqual(left, nothing);
});

test("a wish to stop is heard before the next step, and the guest is removed all the same", async () => {
  const stop = new AbortController();
  const heard = ({ step }: StepReport): void => {
    if (step === "clone accepted") stop.abort();
  };
  const { ended, changes, left } = await play({}, heard, stop.signal);
  assert.deepEqual(ended("failed"), ["clone"]);
  assert.ok(changes().includes("destroy 200"));
  assert.deepEqual(left, nothing);
});

async function read(options: Parameters<typeof lab>[0] = {}, check: () => Promise<void> = async () => {}) {
  const { clock, client, site, changes } = lab(options);
  const reports: StepReport[] = [];
  const steps = new Steps(clock, (report) => reports.push(report));
  const pools = [poolOf({ guest: { ...poolOf().guest, nodes: [asNodeName("pve1")] } })];
  await clock.until(readAll({ client, site, forge: { check } }, pools, steps, new AbortController().signal));
  return { results: Object.fromEntries(reports.map(({ step, result }) => [step, result])), reports, changes };
}

test("the reads change nothing and pass where all is as it should be", async () => {
  const { results, changes } = await read();
  assert.deepEqual(results, {
    version: "passed",
    nodes: "passed",
    guests: "passed",
    "storage local on pve1": "passed",
    GitHub: "passed",
  });
  assert.deepEqual(changes(), []);
});

test("a storage that is denied and a GitHub that refuses are each told, and the rest is read all the same", async () => {
  const world = grants({ "/vms": privileges, "/nodes": privileges });
  const { results, reports } = await read({ world }, async () => {
    throw new DispatcherError("unauthorized", "GitHub: the token is refused");
  });
  assert.deepEqual(
    Object.keys(results).filter((step) => results[step] === "failed"),
    ["storage local on pve1", "GitHub"],
  );
  assert.match(reports.find(({ step }) => step.startsWith("storage"))?.text ?? "", /^denied: /);
});

const folder = mkdtempSync(join(tmpdir(), "dispatcher-selftest-"));
after(() => rmSync(folder, { recursive: true }));

async function call(settings: Readonly<Record<string, string>>, ...args: readonly string[]) {
  let err = "";
  const given = {
    PROXMOX_URL: "https://127.0.0.1:1/api2/json",
    PROXMOX_NODE: "pve1",
    PROXMOX_TOKEN_ID: "dispatcher@pve!main",
    PROXMOX_TOKEN_SECRET: "pve-secret",
    GITHUB_TOKEN: "github_pat_secret",
    GITHUB_API_URL: "http://127.0.0.1:1/api/v3",
    REPO_OWNER: "octo",
    REPO_NAME: "demo",
    ...settings,
  };
  const lines = Object.entries(given).map(([name, value]) => `${name}=${value}\n`);
  writeFileSync(join(folder, "dispatcher.env"), lines.join(""));
  const code = await cli({
    args: ["selftest", ...args],
    env: {},
    cwd: folder,
    self: ["node"],
    stop: new AbortController().signal,
    terminal: false,
    out: () => {},
    err: (text) => {
      err += text;
    },
  });
  return { code, err };
}

test("a pool that is not there is named", async () => {
  const { code, err } = await call({}, "--task", "--pool", "defualt");
  assert.equal(code, 1);
  assert.match(err, /pool defualt: .*did you mean default\?/);
});
