import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { HOUR, MINUTE } from "../../src/domain/time.ts";
import { configOf, type FileTexts, folder, onlyPool, problemsOf, warningsOf, yamlOf } from "./given.ts";

const big = `
max_total_runners: 5
policy: { public_repositories: [a/public], forks_of: [a/forked], events: [push] }
pools:
  - name: big
    labels: [linux, big]
    github: { organisation: octo, repositories: [one, Octo/two], runner_group: builders }
    template: 9000
    nodes: [pve1, pve2]
    storage: seeds
    cores: 8
    memory: 8GiB
    disk: 40GiB
    network: virtio,bridge=vmbr0
    clone: full
    clone_storage: ssd
    vmid_start: 300
    vmid_end: 309
    runner_name_prefix: big
    resource_pool: ci/big
    max_runners: 4
    delivery: snippets
    snippets_dir: snippets
    registration: token
    user_data_template: big.ejs
    runner_user: ci
    hard_lifetime: 12h
    idle_timeout: 1m
    boot_timeout: 20m
`;

const inFile = (text: string): Record<string, string> => ({ "dispatcher.yaml": text });

describe("dispatcher.yaml", () => {
  test("describes a pool wholly, with paths that start at the file", () => {
    const env = { PROXMOX_NODE: undefined, DISPATCHER_CONFIG: "conf/d.yaml" };
    const config = configOf(env, { "conf/d.yaml": big, "conf/big.ejs": "<%= registrationToken %>" });
    assert.deepEqual(onlyPool(config), {
      name: "big",
      guest: {
        pool: "big",
        template: { kind: "vmid", vmid: 9000 },
        nodes: ["pve1", "pve2"],
        range: { first: 300, last: 309 },
        prefix: "big",
        resourcePool: "ci/big",
        clone: { kind: "full", storage: "ssd" },
        hardware: { cores: 8, memoryMiB: 8192, diskGiB: 40, network: "virtio,bridge=vmbr0" },
      },
      labels: ["linux", "big"],
      scope: {
        kind: "organisation",
        organisation: "octo",
        repositories: ["octo/one", "Octo/two"],
        runnerGroup: "builders",
      },
      events: { kind: "only", events: ["push"] },
      max: 4,
      registration: "token",
      delivery: { kind: "snippets", storage: "seeds", folder: `${folder}/conf/snippets`, host: null },
      userDataTemplate: `${folder}/conf/big.ejs`,
      runnerUser: "ci",
      idlePatience: MINUTE,
      bootDeadline: 20 * MINUTE,
      hardLifetime: 12 * HOUR,
    });
    assert.equal(config.maxTotal, 5);
    // The default repository, which no pool serves, is not allowed along with it.
    assert.deepEqual(config.policy, { publicRepositories: ["a/public"], forksOf: ["a/forked"] });
  });

  test("leaves to the environment what a pool does not say", () => {
    const env = { RUNNER_LABELS: "a,b", RUNNER_CORES: "3", RUNNER_MAX: "7", REPO_URL: "https://github.com/o/r" };
    const config = configOf(env, yamlOf("vmids: 300-309", "vmids: 310-319, labels: [c], max_runners: 2"));
    const [one, two] = config.pools;
    assert.deepEqual([one?.labels, two?.labels], [["a", "b"], ["c"]]);
    assert.deepEqual([one?.max, two?.max], [7, 2]);
    assert.deepEqual([one?.guest.hardware.cores, two?.guest.hardware.cores], [3, 3]);
    assert.deepEqual(one?.scope, { kind: "repository", repository: "o/r" });
    assert.equal(config.maxTotal, 9);
    assert.deepEqual(config.policy.publicRepositories, ["o/r"]);
  });

  test("says over the environment which events may start jobs, and a pool says it over the policy", () => {
    const env = { ALLOW_EVENTS: "schedule" };
    const own = (texts: FileTexts) => configOf(env, texts).pools.map(({ events }) => events.events);
    const pools = yamlOf("vmids: 300-309", "vmids: 310-319, events: [release]")["dispatcher.yaml"];
    assert.deepEqual(own(inFile(`${pools}`)), [["schedule"], ["release"]]);
    assert.deepEqual(own(inFile(`policy: {events: push}\n${pools}`)), [["push"], ["release"]]);
    assert.deepEqual(own(inFile("policy: {events: [push, release]}")), [["push", "release"]]);
  });

  test("without pools keeps the environment's pool", () => {
    assert.equal(onlyPool(configOf({}, inFile("max_total_runners: 3"))).name, "default");
    assert.equal(configOf({}, inFile("max_total_runners: 3")).maxTotal, 3);
  });

  test("of the older name and of JSON is read too", () => {
    const json =
      '{\n\t"pools": [\n\t\t{ "name": "a", "node": "pve2", "labels": "x, y", "vmid_start": 300, "vmid_end": "301" }\n\t]\n}';
    const pool = onlyPool(
      configOf({ RUNNER_POOLS_CONFIG: "runner-pools.json", PROXMOX_NODE: undefined }, { "runner-pools.json": json }),
    );
    assert.deepEqual(pool.labels, ["x", "y"]);
    assert.deepEqual(pool.guest.nodes, ["pve2"]);
    assert.deepEqual(pool.guest.range, { first: 300, last: 301 });
  });

  test("needs PROXMOX_NODE only for pools without nodes", () => {
    const env = { PROXMOX_NODE: undefined };
    assert.deepEqual(problemsOf(env, yamlOf("node: a, vmids: 300-309", "nodes: [b], vmids: 310-319")), []);
    assert.match(
      problemsOf(env, yamlOf("node: a, vmids: 300-309", "vmids: 310-319"))[0] ?? "",
      /^missing: PROXMOX_NODE;/,
    );
  });

  test("lets a pool ask for linked clones where the environment chose a storage for full ones", () => {
    const env = { CLONE: "full", CLONE_STORAGE: "ssd" };
    const config = configOf(env, yamlOf("vmids: 300-309, clone: linked", "vmids: 310-319"));
    assert.deepEqual(
      config.pools.map((pool) => pool.guest.clone),
      [{ kind: "linked" }, { kind: "full", storage: "ssd" }],
    );
  });

  test("lets pools share labels and scope", () => {
    assert.deepEqual(problemsOf({}, yamlOf("vmids: 300-309", "vmids: 310-319")), []);
  });

  test("warns about a snippets folder that no pool uses", () => {
    const env = { SNIPPETS_DIR: "/s" };
    assert.match(warningsOf(env)[0] ?? "", /^SNIPPETS_DIR: not used, since delivery is iso/);
    assert.deepEqual(warningsOf(env, yamlOf("vmids: 300-309", "vmids: 310-319, delivery: snippets")), []);
  });
});

describe("what dispatcher.yaml gets wrong", () => {
  const pool = (rest: string): string => `pools: [{name: p, vmids: 300-309, ${rest}}]`;
  const cases: readonly (readonly [string, RegExp])[] = [
    // syntax
    ["pools:\n  - name: a\n   labels: []", /^dispatcher.yaml: line 3, column \d+: \S/],
    ["pools: [\n", /^dispatcher.yaml: line \d, column \d: \S/],
    ["pools: []\npools: []", /^dispatcher.yaml: line 2, column 1: this key stands here twice; keep one$/],
    ["max_total_runners: 1\n---\n{}", /^dispatcher.yaml: line 2, column 1: a second document begins/],
    ["max_total_runners: !vault x", /^dispatcher.yaml: line 1, column 20: tags \(!name\) are not supported/],
    ["max_total_runners: *x", /^dispatcher.yaml: an alias \(\*name\) cannot be resolved/],
    // shape
    ["", /^dispatcher.yaml: is empty/],
    ["[]", /^dispatcher.yaml: must hold keys and values, for example pools$/],
    ["pools: []", /^dispatcher.yaml: pools: is an empty list/],
    ["pools:", /^dispatcher.yaml: pools: is empty; give it a value, or remove the key$/],
    ["pool: []", /^dispatcher.yaml: pool: unknown key; did you mean "pools"\?$/],
    ["pools: [{vmids: 300-309}]", /^dispatcher.yaml: pools\[0\]\.name: is missing; add it$/],
    [pool("templat: x"), /^dispatcher.yaml: pools\[0\]\.templat: unknown key; did you mean "template"\?$/],
    [pool("hostname: x"), /^dispatcher.yaml: pools\[0\]\.hostname: unknown key; known here are name, labels, /],
    [pool("github: {organization: x}"), /^dispatcher.yaml: pools\[0\]\.github\.organization: .*"organisation"\?$/],
    [
      "policy: {forks: []}",
      /^dispatcher.yaml: policy\.forks: unknown key; known here are public_repositories, forks_of, events$/,
    ],
    [pool("labels: [linux, 22.04]"), /^dispatcher.yaml: pools\[0\]\.labels\[1\]: must be text; put it in quotes$/],
    [pool("cores: [1]"), /^dispatcher.yaml: pools\[0\]\.cores: must be a number$/],
    [pool("idle_timeout: 5"), /^dispatcher.yaml: pools\[0\]\.idle_timeout: must be text; put it in quotes$/],
    // values
    ["max_total_runners: 0", /^dispatcher.yaml: max_total_runners: 0 is too small; the least is 1$/],
    [
      "policy: {events: [pull_requst]}",
      /^dispatcher.yaml: policy\.events: "pull_requst" is no event that starts a workflow; did you mean pull_request\?$/,
    ],
    ["policy: {events: []}", /^dispatcher.yaml: policy\.events: is empty, so no job could run; name events/],
    ["policy: {forks_of: [octo]}", /^dispatcher.yaml: policy\.forks_of\[0\]: "octo" is not owner\/name$/],
    ["pools: [{name: a b}]", /^dispatcher.yaml: pools\[0\]\.name: "a b" is no runner pool name/],
    ["pools: [{name: a, vmids: 300}]", /^dispatcher.yaml: pools\[0\]\.vmids: must be text; put it in quotes$/],
    ["pools: [{name: a, vmids: 300-}]", /^dispatcher.yaml: pools\[0\]\.vmids: "300-" is no range; write/],
    ["pools: [{name: a, vmids: 310-300}]", /^dispatcher.yaml: pools\[0\]\.vmids: VMIDs 310-300 are no range/],
    ["pools: [{name: a, vmids: 99-300}]", /^dispatcher.yaml: pools\[0\]\.vmids: 99 is too small; the least is 100$/],
    ["pools: [{name: a, vmid_start: 300}]", /^dispatcher.yaml: pools\[0\]\.vmid_start: .* go together; give both$/],
    [pool("vmid_end: 400"), /^dispatcher.yaml: pools\[0\]\.vmids: stands beside vmid_start or vmid_end/],
    [pool("max_runners: 11"), /^dispatcher.yaml: pools\[0\]\.max_runners: 11 runners need more than the 9 VMIDs/],
    [pool("node: a, nodes: [b]"), /^dispatcher.yaml: pools\[0\]\.nodes: stands beside node/],
    [pool("nodes: []"), /^dispatcher.yaml: pools\[0\]\.nodes: is an empty list/],
    [pool("nodes: [a, b, a]"), /^dispatcher.yaml: pools\[0\]\.nodes: "a" is listed twice/],
    [
      pool("template: 305"),
      /^dispatcher.yaml: pools\[0\]\.template: template 305 is inside the VMIDs 300-309 of pool "p"/,
    ],
    [pool("clone_storage: ssd"), /^dispatcher.yaml: pools\[0\]\.clone_storage: a linked clone lies on/],
    [
      pool("delivery: snippets, snippets_dir: ''"),
      /^dispatcher.yaml: pools\[0\]\.snippets_dir: is empty, but delivery/,
    ],
    [pool("user_data_template: no.ejs"), /^dispatcher.yaml: pools\[0\]\.user_data_template: no such file/],
    [pool("labels: [ubuntu-latest]"), /^dispatcher.yaml: pools\[0\]\.labels: "ubuntu-latest" means GitHub's own/],
    [pool("hard_lifetime: 1w"), /^dispatcher.yaml: pools\[0\]\.hard_lifetime: "1w" is no duration/],
    [pool("github: {}"), /^dispatcher.yaml: pools\[0\]\.github: names neither a repository nor an organisation/],
    [pool("github: {repository: r}"), /^dispatcher.yaml: pools\[0\]\.github\.repository: "r" is not owner\/name$/],
    [pool("github: {repository: o/r, organisation: o}"), /^dispatcher.yaml: pools\[0\]\.github: .*keep one of them$/],
    [
      pool("github: {repository: o/r, runner_group: g}"),
      /^dispatcher.yaml: pools\[0\]\.github: .*belong to an organisation/,
    ],
    [pool("github: {organisation: o}"), /^dispatcher.yaml: pools\[0\]\.github\.repositories: is empty; list/],
    [pool("github: {organisation: o, repositories: [x/y]}"), /repositories\[0\]: "x\/y" does not belong to o/],
    [pool("github: {organisation: o, repositories: [a, O/A]}"), /repositories\[1\]: "O\/A" repeats \[0\]/],
    [pool("github: {organisation: o, repositories: ['..']}"), /repositories\[0\]: "o\/\.\." is not owner\/name$/],
    [
      "pools: [{name: a, vmids: 300-309}, {name: b, vmids: 309-320}]",
      /^dispatcher.yaml: pools\[1\]: VMIDs 309-320 of pool "b" overlap 300-309 of pool "a"; give each pool vmids of its own$/,
    ],
    [
      "pools: [{name: a, vmids: 300-309}, {name: A, vmids: 310-319}]",
      /^dispatcher.yaml: pools\[1\]\.name: "A" names a pool above as well; rename one of them$/,
    ],
    [
      "pools: [{name: a, vmids: 300-309, template: 315}, {name: b, vmids: 310-319}]",
      /^dispatcher.yaml: pools\[0\]\.template: template 315 is inside the VMIDs 310-319 of pool "b"/,
    ],
  ];
  for (const [text, expected] of cases) {
    test(`${JSON.stringify(text).slice(0, 80)} is refused with place and cause`, () => {
      const problems = problemsOf({}, inFile(text));
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
    });
  }

  test("is told all at once, a value that pools inherit only once", () => {
    const env = { RUNNER_CORES: "x" };
    const problems = problemsOf(env, yamlOf("vmids: 300-309", "vmids: 305-319, clone: x", "vmids: 320-329, memory: 1"));
    assert.deepEqual(
      problems.map((problem) => problem.slice(0, problem.lastIndexOf(": "))),
      [
        "RUNNER_CORES",
        "dispatcher.yaml: pools[1].clone",
        "dispatcher.yaml: pools[2].memory",
        "dispatcher.yaml: pools[1]",
      ],
    );
  });

  test("does not hide the environment's own mistakes", () => {
    const problems = problemsOf({ RUNNER_MAX: "x", LOG_LEVEL: "x", PROXMOX_NODE: undefined }, inFile("pools: ["));
    assert.deepEqual(problems.map((problem) => problem.split(":")[0]).sort(), [
      "LOG_LEVEL",
      "RUNNER_MAX",
      "dispatcher.yaml",
    ]);
  });

  test("does not count in the environment where every pool overrides it", () => {
    assert.deepEqual(problemsOf({ RUNNER_CORES: "x" }, yamlOf("vmids: 300-309, cores: 2")), []);
  });
});
