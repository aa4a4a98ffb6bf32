import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { needs } from "../../../src/doctor/needs.ts";
import { Secret } from "../../../src/domain/secret.ts";
import { createHttp, type Fetch } from "../../../src/proxmox/http.ts";
import { fetchWithTicket, generationOf } from "../../../src/proxmox/setup/access.ts";
import { commandOf, removalOf } from "../../../src/proxmox/setup/commands.ts";
import { piecesOf, type SetupOptions } from "../../../src/proxmox/setup/pieces.ts";
import { roleNeeds } from "../../../src/proxmox/setup/roles.ts";
import { removalOrder, setUp, takeDown } from "../../../src/proxmox/setup/setup.ts";
import { FakeAccess } from "./fake-access.ts";

const options: SetupOptions = {
  generation: 9,
  extras: { snapshots: false, disk: false, agent: false, delivery: false },
  pool: "runners",
  seeds: "seeds",
  seedsPath: "/var/lib/vz-seeds",
  templates: ["9000"],
  storages: ["local-lvm"],
  nodes: ["pve1"],
  bridges: ["vmbr0"],
  user: "dispatcher@pve",
  token: "daemon",
  privsep: false,
};
const pieces = piecesOf(options);
const { signal } = new AbortController();
const url = new URL("https://pve.example:8006");
const clock = { now: () => 0, sleep: () => new Promise<void>(() => undefined) };

const httpOver = (fetch: Fetch) =>
  createHttp({ url, clock, fetch, tokenId: "root@pam!admin", tokenSecret: new Secret("admin-secret") });

async function made(
  pve: FakeAccess,
  wanted = pieces,
): Promise<{ lines: readonly string[]; secrets: readonly string[] }> {
  const lines: string[] = [];
  const secrets: string[] = [];
  const report = {
    tell: (line: string) => lines.push(line),
    onSecret: (secret: Secret) => secrets.push(secret.reveal()),
  };
  await setUp(httpOver(pve.fetch), wanted, report, signal);
  return { lines, secrets };
}

async function removed(pve: FakeAccess, wanted = pieces): Promise<readonly string[]> {
  const lines: string[] = [];
  await takeDown(httpOver(pve.fetch), wanted, (line) => lines.push(line), signal);
  return lines;
}

const rolesOf = (extras: Partial<SetupOptions["extras"]>, generation: 8 | 9): readonly string[] =>
  piecesOf({ ...options, generation, extras: { ...options.extras, ...extras } }).flatMap((piece) =>
    piece.kind === "role" && piece.id === "DispatcherGuests" ? piece.privileges : [],
  );

describe("the commands of a set-up", () => {
  test("are those of docs/permissions.md", () => {
    const documented = readFileSync("docs/permissions.md", "utf8");
    const uncommented = (line: string): string => line.replace(/ --comment '[^']*'/, "");
    const lines = documented.split("\n").map((line) => uncommented(line.trim()));
    for (const piece of pieces) {
      const command = uncommented(commandOf(piece));
      assert.ok(lines.includes(command), `docs/permissions.md lacks: ${command}`);
    }
  });

  test("name the privileges of the extras, in each generation", () => {
    const base = rolesOf({}, 9);
    assert.deepEqual(rolesOf({}, 8), base);
    assert.deepEqual(rolesOf({ snapshots: true }, 8), [...base, "VM.Snapshot"]);
    assert.deepEqual(rolesOf({ disk: true }, 9), [...base, "VM.Config.Disk"]);
    assert.deepEqual(rolesOf({ agent: true }, 8), [...base, "VM.Monitor"]);
    assert.deepEqual(rolesOf({ agent: true }, 9), [...base, "VM.GuestAgent.Audit", "VM.GuestAgent.FileRead"]);
    assert.deepEqual(rolesOf({ delivery: true }, 8), base, "VM.Monitor has it all");
    assert.deepEqual(rolesOf({ delivery: true }, 9), [...base, "VM.GuestAgent.FileWrite"]);
  });

  test("grant everything to a separated token once more, quoted for the shell", () => {
    const commands = piecesOf({ ...options, privsep: true }).map(commandOf);
    const users = commands.filter((line) => line.includes("--users dispatcher@pve"));
    const tokens = commands.filter((line) => line.includes("--tokens 'dispatcher@pve!daemon'"));
    assert.equal(users.length, 6);
    assert.deepEqual(
      tokens.map((line) => line.replace("--tokens 'dispatcher@pve!daemon'", "--users dispatcher@pve")),
      users,
    );
    assert.ok(commands.some((line) => line.includes("token add dispatcher@pve daemon --privsep 1")));
  });

  test("cover each template, storage, node and bridge", () => {
    const wide = { ...options, templates: ["9000", "9001"], nodes: ["a", "b"], bridges: ["vmbr0", "vmbr0/20"] };
    const paths = piecesOf(wide).flatMap((piece) => (piece.kind === "acl" ? [piece.path] : []));
    for (const path of ["/vms/9001", "/nodes/b", "/sdn/zones/localnetwork/vmbr0/20"]) assert.ok(paths.includes(path));
  });

  test("take away in the reverse sense: grants first, last the resource pool, whose mark shows that the storage was made here too", () => {
    const lines = removalOrder(pieces).map(removalOf);
    assert.equal(lines[0], "pveum acl delete /vms/9000 --roles DispatcherTemplate --users dispatcher@pve");
    assert.deepEqual(lines.slice(-2), ["pvesm remove seeds", "pveum pool delete runners"]);
  });
});

test("every privilege that doctor asks for is in a role", () => {
  const granted = new Set(roleNeeds.flatMap(({ privileges }) => privileges.map(({ name }) => name)));
  const lacking = needs.filter(({ anyOf }) => !anyOf.some((name) => granted.has(name)));
  assert.deepEqual(lacking, []);
});

describe("a set-up through the API", () => {
  test("makes everything, tells the secret, and finds nothing to do the second time", async () => {
    const pve = new FakeAccess();
    const first = await made(pve);
    assert.deepEqual(first.secrets, ["1b2c-secret"]);
    assert.ok(
      first.lines.every((line) => line.startsWith("made ")),
      first.lines.join("\n"),
    );
    assert.equal(pve.acl.length, 6);
    assert.deepEqual(pve.storages, [{ storage: "seeds", type: "dir", path: "/var/lib/vz-seeds", content: "iso" }]);
    pve.changes.length = 0;
    const second = await made(pve);
    assert.deepEqual(pve.changes, []);
    assert.deepEqual(second.secrets, []);
    assert.ok(second.lines.every((line) => line.startsWith("is there ")));
  });

  test("says what differs and mends that alone", async () => {
    const pve = new FakeAccess();
    await made(pve);
    pve.roles.set("DispatcherTemplate", "VM.Audit,VM.Console");
    pve.acl = pve.acl.map((one) => (one.path === "/vms/9000" ? { ...one, propagate: 1 } : one));
    for (const user of pve.users.values()) {
      user.enable = 0;
      user.tokens = user.tokens.map((token) => ({ ...token, privsep: 1 }));
    }
    for (const storage of pve.storages) storage.content = "iso,vztmpl";
    pve.changes.length = 0;
    const { lines } = await made(pve);
    assert.deepEqual(
      lines.filter((line) => !line.startsWith("is there")),
      [
        "mended      storage seeds: its content is iso,vztmpl, not iso alone",
        "mended      role DispatcherTemplate: it lacks VM.Clone, has VM.Console too much",
        "mended      user dispatcher@pve: it is disabled",
        "mended      acl /vms/9000 DispatcherTemplate user dispatcher@pve: its propagate is not 0",
        "mended      token dispatcher@pve!daemon: its privsep is not 0",
      ],
    );
    assert.equal(pve.changes.length, 5);
    pve.changes.length = 0;
    await made(pve);
    assert.deepEqual(pve.changes, []);
  });

  test("changes nothing where a storage of that name is another one", async () => {
    const pve = new FakeAccess();
    pve.storages.push({ storage: "seeds", type: "dir", path: "/mnt/backup", content: "backup" });
    await assert.rejects(made(pve), {
      code: "conflict",
      message: /storage seeds: it is of type dir at \/mnt\/backup, not dir at \/var\/lib\/vz-seeds; give --seeds/,
    });
    assert.deepEqual(pve.changes, []);
  });

  test("undone, leaves what was there before and nothing else", async () => {
    const pve = new FakeAccess();
    const separated = piecesOf({ ...options, privsep: true });
    await made(pve, separated);
    const lines = await removed(pve, separated);
    assert.ok(
      lines.every((line) => line.startsWith("removed ")),
      lines.join("\n"),
    );
    const { storages, pools, roles, users, acl } = pve;
    assert.deepEqual(
      [storages, [...pools], [...roles.keys()], [...users.keys()], acl],
      [[], [], ["PVEAdmin"], ["root@pam"], []],
    );
    assert.deepEqual(await removed(pve, separated), []);
  });

  test("undone, keeps what others made or use, and says so", async () => {
    const pve = new FakeAccess();
    pve.pools.set("runners", "our own");
    pve.users.set("dispatcher@pve", { comment: "by hand", enable: 1, tokens: [] });
    await made(pve);
    pve.acl.push({ path: "/nodes/pve9", roleid: "DispatcherNode", type: "user", ugid: "eve@pve", propagate: 1 });
    const lines = await removed(pve);
    assert.deepEqual(
      lines.filter((line) => line.startsWith("kept")),
      [
        'kept        user dispatcher@pve: its comment does not say "made by dispatcher proxmox-setup"',
        "kept        role DispatcherNode: eve@pve has it on /nodes/pve9",
        "kept        storage seeds: nothing shows that it was made here; its files stay in any case",
        'kept        pool runners: its comment does not say "made by dispatcher proxmox-setup"',
      ],
    );
    assert.deepEqual(pve.users.get("dispatcher@pve")?.tokens, []);
  });

  test("knows the generation, and refuses one that it does not know", async () => {
    const pve = new FakeAccess();
    assert.equal(await generationOf(httpOver(pve.fetch), signal), 9);
    pve.version = "8.4.14";
    assert.equal(await generationOf(httpOver(pve.fetch), signal), 8);
    pve.version = "7.4";
    await assert.rejects(generationOf(httpOver(pve.fetch), signal), { message: "PVE 7.4: 8 and 9 are known" });
  });
});

describe("an administrator's ticket", () => {
  const login = (pve: FakeAccess, password: string) =>
    fetchWithTicket(pve.fetch, { url, user: "root@pam", password: new Secret(password), signal });

  test("stands on every request in place of a token", async () => {
    const pve = new FakeAccess();
    await generationOf(httpOver(await login(pve, "correct horse")), signal);
    const sent = pve.headers.at(-1);
    assert.equal(sent?.Cookie, "PVEAuthCookie=PVE%3Aroot%40pam%3A1%3A%3Asig%3D%3D");
    assert.equal(sent?.CSRFPreventionToken, "csrf");
    assert.equal(sent?.Authorization, undefined);
  });

  test("that PVE refuses is told without the password", async () => {
    await assert.rejects(login(new FakeAccess(), "hunter2"), (error: Error) => {
      assert.match(error.message, /^login of root@pam: PVE answered 401$/);
      assert.doesNotMatch(JSON.stringify(error), /hunter2/);
      return true;
    });
  });
});
