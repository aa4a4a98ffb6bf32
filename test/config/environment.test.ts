import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { admits, defaultEvents, knownEvents } from "../../src/domain/events.ts";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { builtinTemplate, configOf, folder, load, onlyPool, problemsOf, required, warningsOf } from "./given.ts";

describe("the environment alone", () => {
  test("needs five names; all that are missing are told in one sentence", () => {
    const loaded = load({ PROXMOX_TOKEN_SECRET: "", GITHUB_TOKEN: " ", PROXMOX_URL: "" });
    assert.ok(!loaded.ok);
    assert.equal(loaded.problems.length, 1);
    assert.match(
      loaded.problems[0] ?? "",
      /^missing: PROXMOX_URL, PROXMOX_NODE, PROXMOX_TOKEN_ID, PROXMOX_TOKEN_SECRET, GITHUB_TOKEN; set them in /,
    );
  });

  for (const name of Object.keys(required)) {
    test(`tells when ${name} alone is missing`, () => {
      const problems = problemsOf({ [name]: undefined });
      assert.equal(problems.length, 1);
      assert.match(problems[0] ?? "", new RegExp(`^missing: ${name};`));
    });
  }

  test("makes the one pool named default, with the old dispatcher's values", () => {
    const config = configOf();
    const pool = onlyPool(config);
    assert.deepEqual(pool, {
      name: "default",
      guest: {
        pool: "default",
        template: { kind: "name", name: "ubuntu-2204-runner-template" },
        nodes: ["pve1"],
        range: { first: 200, last: 299 },
        prefix: "energyplus-runner",
        resourcePool: null,
        clone: { kind: "linked" },
        hardware: { cores: null, memoryMiB: null, diskGiB: null, network: null },
      },
      labels: ["energyplus", "linux", "x64", "ubuntu-22.04"],
      scope: { kind: "repository", repository: "NREL/EnergyPlus" },
      events: defaultEvents,
      max: 1,
      registration: "jit",
      delivery: { kind: "iso", storage: "local" },
      userDataTemplate: builtinTemplate,
      runnerUser: "runner",
      idlePatience: 5 * MINUTE,
      bootDeadline: 10 * MINUTE,
      hardLifetime: 24 * HOUR,
    });
    assert.equal(config.proxmox.url.href, "https://pve.example:8006/");
    assert.deepEqual(config.proxmox.trust, { kind: "system" });
    assert.equal(config.github.apiUrl.href, "https://api.github.com/");
    assert.equal(config.instance, "dispatcher");
    assert.deepEqual(config.key, { current: null, previous: null });
    assert.deepEqual(config.policy, { publicRepositories: ["NREL/EnergyPlus"], forksOf: [] });
    assert.equal(config.pollInterval, 15 * SECOND);
    assert.equal(config.maxTotal, 1);
    assert.deepEqual(config.listen, { address: "127.0.0.1", port: 9180 });
    assert.equal(config.logLevel, "info");
    assert.deepEqual(warningsOf(), []);
  });

  test("sets everything about the pool", () => {
    const config = configOf(
      {
        TEMPLATE_NAME: "ignored",
        TEMPLATE_VMID: "9000",
        RUNNER_ID_START: "500",
        RUNNER_ID_END: "549",
        RUNNER_NAME_PREFIX: "ci",
        RUNNER_USER: "ci",
        RUNNER_MAX: "4",
        MAX_TOTAL_RUNNERS: "3",
        RUNNER_LABELS: "linux, gpu,",
        RUNNER_CORES: "8",
        RUNNER_MEMORY: "8GiB",
        RUNNER_DISK: "1TiB",
        RUNNER_NETWORK: "virtio,bridge=vmbr1,tag=20",
        RESOURCE_POOL: "runners",
        CLONE: "full",
        CLONE_STORAGE: "local-lvm",
        PROXMOX_STORAGE: "seeds",
        DELIVERY: "snippets",
        SNIPPETS_DIR: "snippets",
        REGISTRATION: "token",
        USER_DATA_TEMPLATE: "mine.ejs",
        IDLE_TIMEOUT: "90s",
        BOOT_TIMEOUT: "15m",
        HARD_LIFETIME: "2d",
        POLL_INTERVAL: "30",
        DISPATCHER_INSTANCE: "lab-1",
        DISPATCHER_LISTEN: "[::1]:80",
        LOG_LEVEL: "DEBUG",
      },
      { "mine.ejs": "<%= jitConfig %>" },
    );
    assert.deepEqual(onlyPool(config), {
      name: "default",
      guest: {
        pool: "default",
        template: { kind: "vmid", vmid: 9000 },
        nodes: ["pve1"],
        range: { first: 500, last: 549 },
        prefix: "ci",
        resourcePool: "runners",
        clone: { kind: "full", storage: "local-lvm" },
        hardware: { cores: 8, memoryMiB: 8192, diskGiB: 1024, network: "virtio,bridge=vmbr1,tag=20" },
      },
      labels: ["linux", "gpu"],
      scope: { kind: "repository", repository: "NREL/EnergyPlus" },
      events: defaultEvents,
      max: 4,
      registration: "token",
      delivery: { kind: "snippets", storage: "seeds", folder: `${folder}/snippets`, host: null },
      userDataTemplate: `${folder}/mine.ejs`,
      runnerUser: "ci",
      idlePatience: 90 * SECOND,
      bootDeadline: 15 * MINUTE,
      hardLifetime: 48 * HOUR,
    });
    assert.equal(config.maxTotal, 3);
    assert.equal(config.pollInterval, 30 * SECOND);
    assert.equal(config.instance, "lab-1");
    assert.deepEqual(config.listen, { address: "::1", port: 80 });
    assert.equal(config.logLevel, "debug");
  });

  test("may deliver by agent, which needs neither storage nor folder, and renders no user-data that could ask for a token", () => {
    const file = { "mine.ejs": "<%= registrationToken %>" };
    const { delivery, registration } = onlyPool(configOf({ DELIVERY: "agent", USER_DATA_TEMPLATE: "mine.ejs" }, file));
    assert.deepEqual({ delivery, registration }, { delivery: { kind: "agent" }, registration: "jit" });
    assert.equal(onlyPool(configOf({ DELIVERY: "agent", REGISTRATION: "token" })).registration, "token");
  });

  test("may leave the labels empty: such runners take jobs that ask for self-hosted alone", () => {
    assert.deepEqual(onlyPool(configOf({ RUNNER_LABELS: "" })).labels, []);
    assert.deepEqual(onlyPool(configOf({ RUNNER_LABELS: "self-hosted,a" })).labels, ["a"]);
  });

  test("may switch health and metrics off", () => {
    assert.equal(configOf({ DISPATCHER_LISTEN: "off" }).listen, null);
  });

  test("treats an empty optional value as left out", () => {
    const pool = onlyPool(configOf({ RUNNER_CORES: "", RUNNER_MAX: " ", CLONE_STORAGE: "" }));
    assert.equal(pool.guest.hardware.cores, null);
    assert.equal(pool.max, 1);
  });
});

describe("addresses", () => {
  for (const url of [
    "https://pve:8006",
    "https://pve:8006/",
    "https://pve:8006/api2/json",
    "https://pve:8006/api2/json/",
  ]) {
    test(`${url} is kept without /api2/json`, () => {
      assert.equal(configOf({ PROXMOX_URL: url }).proxmox.url.href, "https://pve:8006/");
    });
  }

  test("keep the path of a proxy in front of PVE", () => {
    assert.equal(configOf({ PROXMOX_URL: "https://gate:443/pve/api2/json" }).proxmox.url.href, "https://gate/pve");
  });

  test("of PVE without a port get a warning, since PVE itself is not at 443", () => {
    assert.match(warningsOf({ PROXMOX_URL: "https://pve" })[0] ?? "", /^PROXMOX_URL: no port.*https:\/\/pve:8006$/);
  });

  test("of GitHub may be http on this machine alone", () => {
    const api = (url: string): string => configOf({ GITHUB_API_URL: url }).github.apiUrl.href;
    assert.equal(api("http://127.0.0.1:4000"), "http://127.0.0.1:4000/");
    assert.equal(api("http://[::1]:4000"), "http://[::1]:4000/");
    assert.equal(api("http://localhost:4000/api/"), "http://localhost:4000/api");
    assert.equal(problemsOf({ GITHUB_API_URL: "http://127.example" }).length, 1);
  });

  test("to listen on that others can reach are allowed with a warning", () => {
    const env = { DISPATCHER_LISTEN: "0.0.0.0:9180" };
    assert.deepEqual(configOf(env).listen, { address: "0.0.0.0", port: 9180 });
    assert.match(warningsOf(env)[0] ?? "", /^DISPATCHER_LISTEN: 0.0.0.0:9180 is reachable from other machines/);
  });
});

describe("the repository", () => {
  test("is REPO_OWNER and REPO_NAME, or what REPO_URL names", () => {
    const scope = (env: Record<string, string>) => onlyPool(configOf(env)).scope;
    const named = (repository: string) => ({ kind: "repository", repository });
    assert.deepEqual(scope({ REPO_OWNER: "octo-org", REPO_NAME: "docs" }), named("octo-org/docs"));
    assert.deepEqual(scope({ REPO_URL: "https://github.com/octo-org/site.io.git" }), named("octo-org/site.io"));
    assert.deepEqual(scope({ REPO_URL: "https://github.com/octo-org/docs/" }), named("octo-org/docs"));
  });

  test("of REPO_URL wins over another owner and name, with a warning", () => {
    const env = { REPO_URL: "https://github.com/a/b", REPO_OWNER: "c", REPO_NAME: "d" };
    assert.deepEqual(configOf(env).policy.publicRepositories, ["a/b"]);
    assert.match(warningsOf(env)[0] ?? "", /^REPO_URL: decides: a\/b; REPO_OWNER and REPO_NAME say c\/d/);
    assert.deepEqual(warningsOf({ REPO_URL: "https://github.com/a/b", REPO_OWNER: "A", REPO_NAME: "B" }), []);
  });

  test("may live on a server of one's own, when the API does", () => {
    const env = { GITHUB_API_URL: "https://git.example/api/v3", REPO_URL: "https://git.example/a/b" };
    assert.deepEqual(onlyPool(configOf(env)).scope, { kind: "repository", repository: "a/b" });
  });

  test("is allowed itself, and its forks only when they are named", () => {
    const policy = configOf({
      REPO_URL: "https://github.com/a/b",
      ALLOW_PUBLIC_REPOSITORIES: "A/B, c/d",
      ALLOW_FORKS: "e/f",
    }).policy;
    assert.deepEqual(policy, { publicRepositories: ["a/b", "c/d"], forksOf: ["e/f"] });
  });
});

describe("ALLOW_EVENTS", () => {
  const events = (text: string) => onlyPool(configOf({ ALLOW_EVENTS: text })).events;

  test("admits what it lists and nothing else", () => {
    assert.deepEqual(events("push, Pull_Request"), { kind: "only", events: ["push", "pull_request"] });
  });

  test("widens the default where it names it", () => {
    assert.deepEqual(events("default"), defaultEvents);
    assert.deepEqual(events("default, workflow_run"), {
      kind: "except",
      events: ["pull_request_target", "issue_comment"],
    });
  });

  test("by default refuses what others can cause with the repository's own rights, and nothing else", () => {
    const { events } = onlyPool(configOf());
    assert.deepEqual(
      knownEvents.filter((event) => !admits(events, event)),
      ["issue_comment", "pull_request_target", "workflow_run"],
    );
    assert.ok(admits(events, "an_event_of_tomorrow"));
  });
});

describe("unknown variables", () => {
  test("near a known one are warned about, with the nearest", () => {
    const warnings = warningsOf({ RUNNER_LABLES: "a", PROXMOX_STORGE: "b", REPO_ONWER: "c" });
    assert.deepEqual(warnings, [
      "RUNNER_LABLES: unknown variable, not read; did you mean RUNNER_LABELS?",
      "PROXMOX_STORGE: unknown variable, not read; did you mean PROXMOX_STORAGE?",
      "REPO_ONWER: unknown variable, not read; did you mean REPO_OWNER?",
    ]);
  });

  test("stand beside what is missing because of them", () => {
    const problems = problemsOf({ PROXMOX_NODE: undefined, PROXMOX_NDOE: "pve1" });
    assert.match(problems[0] ?? "", /^missing: PROXMOX_NODE;/);
    assert.match(problems[1] ?? "", /^PROXMOX_NDOE: .*did you mean PROXMOX_NODE\?$/);
  });

  test("that GitHub Actions and others set are left in peace", () => {
    const others = [
      "ACTION",
      "ARCH",
      "DEBUG",
      "ENVIRONMENT",
      "NAME",
      "OS",
      "TEMP",
      "TOOL_CACHE",
      "TRACKING_ID",
      "WORKSPACE",
    ];
    const env = Object.fromEntries(others.map((name) => [`RUNNER_${name}`, "x"]));
    assert.deepEqual(warningsOf({ ...env, GITHUB_REPOSITORY: "a/b", PATH: "/bin", TEMPLATE_DIR: "/t" }), []);
  });
});
