import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { problemsOf } from "./given.ts";

describe("the environment's mistakes", () => {
  const cases: readonly (readonly [Record<string, string>, RegExp])[] = [
    [{ PROXMOX_URL: "http://pve:8006" }, /^PROXMOX_URL: http would send the token in clear; write https:\/\/$/],
    [{ PROXMOX_URL: "pve:8006" }, /^PROXMOX_URL: is not a web address/],
    [{ PROXMOX_URL: "https://root:hunter2@pve:8006" }, /^PROXMOX_URL: holds a user name or a password; remove it$/],
    [{ PROXMOX_NODE: "pve1,pve2" }, /^PROXMOX_NODE: "pve1,pve2" is no node name.*listed in dispatcher.yaml/],
    [{ PROXMOX_TOKEN_ID: "root@pam" }, /^PROXMOX_TOKEN_ID: is not user@realm!name/],
    [{ PROXMOX_TOKEN_ID: "root@pam!t=hunter2" }, /^PROXMOX_TOKEN_ID: .*belongs into PROXMOX_TOKEN_SECRET$/],
    [{ PROXMOX_STORAGE: "local lvm" }, /^PROXMOX_STORAGE: "local lvm" is no storage name/],
    [{ TEMPLATE_VMID: "ubuntu" }, /^TEMPLATE_VMID: "ubuntu" is not a whole number$/],
    [{ TEMPLATE_VMID: "250" }, /^TEMPLATE_VMID: template 250 is inside the VMIDs 200-299 of pool "default"/],
    [{ RUNNER_ID_START: "99" }, /^RUNNER_ID_START: 99 is too small; the least is 100$/],
    [{ RUNNER_ID_END: "1000000000" }, /^RUNNER_ID_END: 1000000000 is too large; the most is 999999999$/],
    [{ RUNNER_ID_START: "300" }, /^RUNNER_ID_START and RUNNER_ID_END: VMIDs 300-299 are no range/],
    [{ RUNNER_NAME_PREFIX: "ci_runner" }, /^RUNNER_NAME_PREFIX: "ci_runner" is no DNS label/],
    [{ RUNNER_NAME_PREFIX: "-ci" }, /^RUNNER_NAME_PREFIX: "-ci" is no DNS label/],
    [{ RUNNER_NAME_PREFIX: "a".repeat(53) }, /^RUNNER_NAME_PREFIX: "a+" has 53 characters; at most 52 /],
    [{ REPO_OWNER: "octo/org" }, /^REPO_OWNER and REPO_NAME: "octo\/org\/EnergyPlus" is not owner\/name$/],
    [{ REPO_URL: "https://github.com/octo-org" }, /^REPO_URL: "octo-org" is an organisation.*dispatcher\.yaml/],
    [{ REPO_URL: "github.com/octo-org/docs" }, /^REPO_URL: is not a web address.*https:\/\/github.com\/owner\/name$/],
    [{ REPO_URL: "https://git.example/a/b" }, /^REPO_URL: is on git.example, but GITHUB_API_URL belongs to github.com/],
    [{ RUNNER_MAX: "0" }, /^RUNNER_MAX: 0 is too small; the least is 1$/],
    [{ RUNNER_MAX: "101" }, /^RUNNER_MAX: 101 runners need more than the 99 VMIDs 200-299/],
    [{ MAX_TOTAL_RUNNERS: "many" }, /^MAX_TOTAL_RUNNERS: "many" is not a whole number$/],
    [{ RUNNER_USER: "root" }, /^RUNNER_USER: the runner refuses to work as root/],
    [{ RUNNER_CORES: "1.5" }, /^RUNNER_CORES: "1.5" is not a whole number$/],
    [{ RUNNER_MEMORY: "8GB" }, /^RUNNER_MEMORY: "8GB" is no size; write a whole number of MiB/],
    [{ RUNNER_DISK: "0" }, /^RUNNER_DISK: "0" is out of bounds/],
    [{ RUNNER_NETWORK: "vmbr0" }, /^RUNNER_NETWORK: "vmbr0" is no network; write for example virtio,bridge=vmbr0/],
    [{ RUNNER_NETWORK: "virtio=BC:24:11:00:00:01,bridge=vmbr0" }, /^RUNNER_NETWORK: .*MAC address, which all guests/],
    [{ RESOURCE_POOL: "a b" }, /^RESOURCE_POOL: "a b" is no resource pool name/],
    [{ CLONE: "ful" }, /^CLONE: "ful" is none of linked, full; did you mean full\?$/],
    [{ CLONE_STORAGE: "ssd" }, /^CLONE_STORAGE: a linked clone lies on its template's storage/],
    [{ DELIVERY: "snippets", SNIPPETS_DIR: "" }, /^SNIPPETS_DIR: is empty, but delivery by snippets needs/],
    [{ DELIVERY: "usb" }, /^DELIVERY: "usb" is none of iso, snippets, agent$/],
    [{ REGISTRATION: "jot" }, /^REGISTRATION: "jot" is none of jit, token; did you mean jit\?$/],
    [{ USER_DATA_TEMPLATE: "none.ejs" }, /^USER_DATA_TEMPLATE: no such file: \/etc\/dispatcher\/none.ejs;/],
    [{ POLL_INTERVAL: "0" }, /^POLL_INTERVAL: "0s" must be more than 0/],
    [{ POLL_INTERVAL: "fast" }, /^POLL_INTERVAL: "fast" is no duration/],
    [{ HARD_LIFETIME: "24" }, /^HARD_LIFETIME: "24" is no duration; write it like 90s, 15m or 24h$/],
    [{ IDLE_TIMEOUT: "31d" }, /^IDLE_TIMEOUT: "31d" must be more than 0 and at most 30d$/],
    [{ GITHUB_API_URL: "http://api.github.com" }, /^GITHUB_API_URL: http would send the token in clear/],
    [{ ALLOW_FORKS: "octo-org" }, /^ALLOW_FORKS: "octo-org" is not owner\/name$/],
    [
      { ALLOW_EVENTS: "default,pull_request_traget" },
      /^ALLOW_EVENTS: "pull_request_traget" is no event .*; did you mean pull_request_target\?$/,
    ],
    [{ ALLOW_EVENTS: "never" }, /^ALLOW_EVENTS: "never" is no event .*; known are default, .*push, /],
    [{ ALLOW_PUBLIC_REPOSITORIES: "a/b,c" }, /^ALLOW_PUBLIC_REPOSITORIES: "c" is not owner\/name$/],
    [{ DISPATCHER_INSTANCE: "Lab" }, /^DISPATCHER_INSTANCE: "Lab" is no instance name/],
    [{ DISPATCHER_INSTANCE: "a".repeat(21) }, /^DISPATCHER_INSTANCE: "a+" is no instance name/],
    [{ DISPATCHER_LISTEN: "9180" }, /^DISPATCHER_LISTEN: "9180" is not address:port/],
    [{ DISPATCHER_LISTEN: "127.0.0.1:99999" }, /^DISPATCHER_LISTEN: "127.0.0.1:99999" is not address:port/],
    [{ LOG_LEVEL: "warning" }, /^LOG_LEVEL: "warning" is none of debug, info, warn, error$/],
    [{ DISPATCHER_CONFIG: "pools.yaml" }, /^DISPATCHER_CONFIG: no such file: \/etc\/dispatcher\/pools.yaml;/],
    [{ RUNNER_POOLS_CONFIG: "p.json" }, /^RUNNER_POOLS_CONFIG: no such file: \/etc\/dispatcher\/p.json;/],
    [
      { DISPATCHER_CONFIG: "a", RUNNER_POOLS_CONFIG: "b" },
      /^DISPATCHER_CONFIG: names another file than RUNNER_POOLS_CONFIG/,
    ],
  ];
  for (const [env, expected] of cases) {
    test(`${JSON.stringify(env).slice(0, 70)} is refused with its cause`, () => {
      const problems = problemsOf(env);
      assert.equal(problems.length, 1, problems.join("\n"));
      assert.match(problems[0] ?? "", expected);
      assert.doesNotMatch(problems.join(), /hunter2/);
    });
  }

  test("are told all at once", () => {
    const env = { PROXMOX_URL: undefined, RUNNER_MAX: "0", LOG_LEVEL: "loud", CLONE: "x", REPO_NAME: "/" };
    const names = problemsOf(env).map((problem) => problem.split(":")[0]);
    assert.equal(names[0], "missing");
    assert.deepEqual(names.slice(1).sort(), ["CLONE", "LOG_LEVEL", "REPO_OWNER and REPO_NAME", "RUNNER_MAX"]);
  });
});
