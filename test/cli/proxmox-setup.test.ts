import assert from "node:assert/strict";
import { test } from "node:test";
import { cli } from "../../src/cli/cli.ts";
import { tryScratchGuest, untilFailure } from "../../src/cli/selftest/scratch.ts";
import { type StepReport, Steps } from "../../src/cli/selftest/steps.ts";
import { asStorageName } from "../../src/domain/ids.ts";
import { selfSigned } from "../../src/emulator/certificate.ts";
import type { PveState } from "../../src/emulator/pve/state.ts";
import { serve } from "../../src/emulator/serve.ts";
import { instance, poolOf } from "../fixtures.ts";
import { lab, seededChance } from "../lab.ts";

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
  assert.match(lines[0] ?? "", /^pveum pool add runners /);
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
  assert.match(out, /pvesm remove seeds\npveum pool delete runners\n$/);
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

/** All that a set-up could leave behind. */
const whole = ({ spec, guests, containers, volumes, poolComments }: PveState): unknown =>
  structuredClone({ spec, guests: [...guests], containers: [...containers], volumes: volumes.all(), poolComments });

const administrator = { userid: "root@pam", password: "correct horse" };

/** An emulated PVE behind a certificate of its own, and the command with an administrator's login for it. */
async function served(generation: string, t: { after(work: () => Promise<void>): void }) {
  const world = lab({ world: { generation, tokens: [], access: { users: [administrator] } } });
  const certificate = await selfSigned(["localhost"], new Date("2026-01-01T00:00:00Z"));
  const server = await serve({ handler: world.pve.handler, tls: certificate, address: "127.0.0.1", port: 0 });
  t.after(() => server.close());
  const env = {
    PROXMOX_URL: server.url,
    PROXMOX_FINGERPRINT: certificate.fingerprint,
    PROXMOX_ADMIN_USER: administrator.userid,
    PROXMOX_ADMIN_PASSWORD: administrator.password,
  };
  const args = ["--template", "9000", "--storage", "local", "--node", "pve1", "--bridge", "vmbr0"];
  return { ...world, setUp: (...more: readonly string[]) => call(env, ...args, "--with-snapshots", ...more) };
}

for (const generation of ["8.4", "9.2"]) {
  for (const privsep of [[], ["--privsep"]]) {
    test(`PVE ${generation}${privsep.join("")}: set up with a ticket, used by the token, and taken down to what was`, async (t) => {
      const { pve, clock, setUp } = await served(generation, t);
      const before = whole(pve.state);

      const first = await setUp(...privsep);
      assert.equal(first.code, 0, first.err);
      assert.doesNotMatch(first.out, /is there|mended/);
      const secret = /PROXMOX_TOKEN_SECRET=(\S+)/.exec(first.out)?.[1] ?? "";

      const made = whole(pve.state);
      const second = await setUp(...privsep);
      assert.equal(second.code, 0, second.err);
      assert.doesNotMatch(second.out, /made {2}|mended/);
      assert.deepEqual(whole(pve.state), made);

      const reports: StepReport[] = [];
      const steps = new Steps(clock, (report) => reports.push(report));
      const { client, site, seeds, spec } = lab({
        within: { pve, clock },
        as: { id: "dispatcher@pve!daemon", secret },
        spec: { resourcePool: "runners" },
        seedStorage: "seeds",
      });
      const tools = { instance, site, clock, chance: seededChance(), storeOf: () => seeds, client };
      const pool = poolOf({ guest: spec, delivery: { kind: "iso", storage: asStorageName("seeds") } });
      const work = tryScratchGuest(tools, pool, steps, new AbortController().signal);
      await clock.until(untilFailure(work));
      assert.ok(steps.allPassed, JSON.stringify(reports));
      assert.deepEqual(
        reports.filter(({ result }) => result === "skipped"),
        [],
      );
      assert.deepEqual(whole(pve.state), made);

      const removal = await setUp(...privsep, "--remove");
      assert.equal(removal.code, 0, removal.err);
      assert.doesNotMatch(removal.out, /kept/);
      assert.deepEqual(whole(pve.state), before);
    });
  }
}

test("what was changed by hand is mended", async (t) => {
  const { pve, setUp } = await served("9.2", t);
  await setUp();
  const made = whole(pve.state);
  const { spec } = pve.state;
  const role = spec.access?.roles.find(({ roleid }) => roleid === "DispatcherNode");
  const user = spec.access?.users.find(({ userid }) => userid === "dispatcher@pve");
  const seeds = spec.storages.find(({ name }) => name === "seeds");
  assert.ok(role !== undefined && user !== undefined && seeds !== undefined);
  role.privs = "Sys.Audit,Sys.Modify";
  user.enable = 0;
  seeds.content = ["iso", "images"];
  const { code, out, err } = await setUp();
  assert.equal(code, 0, err);
  assert.equal(out.match(/^mended/gm)?.length, 3, out);
  assert.deepEqual(whole(pve.state), made);
});
