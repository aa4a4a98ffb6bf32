import assert from "node:assert/strict";
import { test } from "node:test";
import { cli } from "../../src/cli/cli.ts";

async function call(env: Record<string, string>, ...args: readonly string[]) {
  let out = "";
  let err = "";
  const code = await cli({
    args: ["proxmox-setup", ...args],
    env,
    cwd: "/",
    self: ["node"],
    stop: new AbortController().signal,
    terminal: false,
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
  });
  return { code, out, err };
}

const named = ["--template", "9000", "9001", "--storage", "local-lvm", "--node", "pve1", "--bridge", "vmbr0"];
const login = { PROXMOX_ADMIN_USER: "root@pam", PROXMOX_ADMIN_PASSWORD: "hunter2" };

test("without an administrator the commands are printed, in the order in which they work", async () => {
  const { code, out, err } = await call({}, ...named);
  assert.equal(code, 0, err);
  const lines = out.trimEnd().split("\n");
  assert.match(lines[0] ?? "", /^pvesm add dir seeds /);
  assert.match(lines.at(-1) ?? "", /^pveum user token add dispatcher@pve daemon --privsep 0/);
  assert.equal(lines.length, 17);
});

test("--print prints them although an administrator is named, --remove those that undo it", async () => {
  const { code, out } = await call(
    { ...login, PROXMOX_URL: "https://pve.invalid:8006" },
    ...named,
    "--print",
    "--remove",
  );
  assert.equal(code, 0);
  assert.match(out, /^pveum acl delete \/vms\/9000 /);
  assert.match(out, /pvesm remove seeds\n$/);
});

test("--generation names the guest agent's privilege", async () => {
  assert.match((await call({}, ...named, "--with-agent", "--generation", "8")).out, /VM\.Monitor/);
  assert.match((await call({}, ...named, "--with-agent", "--generation", "9")).out, /VM\.GuestAgent\.Audit/);
  assert.match((await call({}, ...named, "--with-snapshots")).out, /VM\.Snapshot/);
});

const mistakes: readonly (readonly [string, Record<string, string>, readonly string[], number, RegExp])[] = [
  ["nothing named", {}, [], 2, /^missing: --template, --storage, --node, --bridge; name at least one of each$/m],
  ["a template by name", {}, ["--template", "ubuntu"], 2, /"ubuntu" is no VMID/],
  ["the agent without a generation", {}, [...named, "--with-agent"], 2, /give --generation 8 or 9/],
  ["half a login", { PROXMOX_ADMIN_USER: "root@pam" }, named, 1, /PROXMOX_ADMIN_PASSWORD: go together; set both/],
  ["two logins", { ...login, PROXMOX_ADMIN_TOKEN_ID: "root@pam!x" }, named, 1, /keep one of the two logins/],
  ["no address", login, named, 1, /PROXMOX_URL: is missing/],
  ["an address in clear", { ...login, PROXMOX_URL: "http://pve:8006" }, named, 1, /PROXMOX_URL: http would send/],
  [
    "nobody there",
    { ...login, PROXMOX_URL: "https://127.0.0.1:9" },
    named,
    1,
    /login of root@pam at https:\/\/127.0.0.1:9: /,
  ],
];
for (const [what, env, args, code, expected] of mistakes) {
  test(`${what}: one clear sentence and no password`, async () => {
    const answer = await call(env, ...args);
    assert.equal(answer.code, code, answer.err);
    assert.match(answer.err, expected);
    assert.doesNotMatch(answer.err + answer.out, /hunter2/);
  });
}
