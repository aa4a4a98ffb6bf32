import assert from "node:assert/strict";
import { test } from "node:test";
import { Lab } from "./lab.ts";

const access = { users: [{ userid: "root@pam", password: "correct horse" }] };

async function loggedIn(lab: Lab, username = "root@pam", password = "correct horse") {
  const body = new URLSearchParams({ username, password });
  const { data } = await lab.raw("/access/ticket", { method: "POST", body });
  const { ticket, CSRFPreventionToken } = data as { ticket: string; CSRFPreventionToken: string };
  const cookie = `PVEAuthCookie=${encodeURIComponent(ticket)}`;
  return (method: string, path: string, form: Record<string, string> = {}, csrf = CSRFPreventionToken) =>
    lab.raw(path, {
      method,
      headers: { cookie, csrfpreventiontoken: csrf },
      ...(Object.keys(form).length === 0 ? {} : { body: new URLSearchParams(form) }),
    });
}

/** Refusals of a login come after three seconds. */
async function late<T>(lab: Lab, answer: Promise<T>): Promise<T> {
  await lab.time.pass(2_900);
  assert.equal(lab.time.waiting, 1);
  await lab.time.pass(100);
  return answer;
}

test("a wrong password and an unknown user are refused alike, late and with a body", async () => {
  const lab = new Lab({ access });
  for (const username of ["root@pam", "nobody@pve", "root"]) {
    const body = new URLSearchParams({ username, password: "wrong" });
    const answer = await late(lab, lab.raw("/access/ticket", { method: "POST", body }));
    assert.deepEqual([answer.status, answer.reason], [401, "authentication failure"]);
    assert.match(answer.text, /"message":"authentication failure\\n"/);
  }
});

test("a ticket reads; to change something it needs its CSRF token", async () => {
  const lab = new Lab({ access });
  const ask = await loggedIn(lab);
  assert.equal((await ask("GET", "/version", {}, "")).status, 200);
  for (const csrf of ["", "6B000000:wrong"]) {
    const refused = await late(lab, ask("POST", "/pools", { poolid: "a" }, csrf));
    assert.deepEqual([refused.status, refused.reason], [401, "Permission denied - invalid csrf token"]);
    assert.equal(refused.text, "");
  }
  assert.equal((await ask("POST", "/pools", { poolid: "a", comment: "ours" })).status, 200);
  assert.deepEqual((await ask("GET", "/pools")).data, [{ poolid: "a", comment: "ours" }]);
});

test("a ticket ends after two hours, and a forged one never begins", async () => {
  const lab = new Lab({ access });
  const ask = await loggedIn(lab);
  await lab.time.pass(2 * 3_600_000 - 1_000);
  assert.equal((await ask("GET", "/version")).status, 200);
  await lab.time.pass(1_000);
  assert.equal((await late(lab, ask("GET", "/version"))).reason, "permission denied - invalid PVE ticket");
  const forged = lab.raw("/version", { headers: { cookie: "PVEAuthCookie=PVE:root@pam:6B000000::AAAA" } });
  assert.equal((await late(lab, forged)).status, 401);
});

test("a token cannot ask for a ticket", async () => {
  const lab = new Lab({ access });
  const answer = await lab.post("/access/ticket", { username: "root@pam", password: "correct horse" });
  assert.equal(answer.status, 403);
  assert.match(answer.reason, /^Permission check failed \(URI '\/access\/ticket' not available with API token/);
});

test("users, roles, grants and tokens that were made hold at once, and what is taken away is gone", async () => {
  const lab = new Lab({ access });
  const ask = await loggedIn(lab);
  await ask("POST", "/access/users", { userid: "a@pve", comment: "x" });
  await ask("POST", "/access/roles", { roleid: "Looks", privs: "Sys.Audit" });
  const { data } = await ask("POST", "/access/users/a@pve/token/tt", { privsep: "0" });
  const { value, ...made } = data as { value: string };
  assert.deepEqual(made, { "full-tokenid": "a@pve!tt", info: { expire: "0", privsep: "0" } });
  const own = `a@pve!tt=${value}`;
  assert.equal((await lab.get("/nodes/pve1/status", own)).status, 403);
  const grant = { path: "/nodes/pve1", roles: "Looks", users: "a@pve" };
  assert.equal((await ask("PUT", "/access/acl", grant)).status, 200);
  assert.equal((await lab.get("/nodes/pve1/status", own)).status, 200);
  await ask("PUT", "/access/acl", { ...grant, delete: "1" });
  assert.equal((await lab.get("/nodes/pve1/status", own)).status, 403);
  await ask("PUT", "/access/users/a@pve", { enable: "0" });
  assert.equal((await late(lab, lab.get("/version", own))).reason, "Authentication failed!");
  await ask("PUT", "/access/users/a@pve", { enable: "1" });
  await ask("DELETE", "/access/users/a@pve");
  assert.equal((await late(lab, lab.get("/version", own))).reason, "Authentication failed!");
});

const refusals: readonly (readonly [string, string, Record<string, string>, number, string])[] = [
  [
    "POST",
    "/access/roles",
    { roleid: "X", privs: "VM.Monitor" },
    500,
    "create role failed: invalid privilege 'VM.Monitor'",
  ],
  ["DELETE", "/access/roles/PVEAdmin", {}, 500, "auto-generated role 'PVEAdmin' cannot be deleted"],
  [
    "PUT",
    "/access/acl",
    { path: "/vms", roles: "No", users: "root@pam" },
    500,
    "ACL update failed: role 'No' does not exist",
  ],
  [
    "PUT",
    "/access/acl",
    { path: "/nowhere", roles: "PVEAdmin", users: "root@pam" },
    400,
    "Parameter verification failed.",
  ],
  ["PUT", "/access/acl", { path: "/vms", roles: "PVEAdmin" }, 400, "Parameter verification failed."],
  ["POST", "/access/users", { userid: "a@ldap" }, 500, "create user failed: domain 'ldap' does not exist"],
  ["POST", "/access/users", { userid: "a" }, 400, "Parameter verification failed."],
  [
    "POST",
    "/storage",
    { storage: "local", type: "dir", path: "/x" },
    500,
    "create storage failed: storage ID 'local' already defined",
  ],
  ["DELETE", "/storage/none", {}, 500, "delete storage failed: storage 'none' does not exist"],
  ["DELETE", "/pools/none", {}, 500, "delete pool failed: pool 'none' does not exist"],
];
for (const [method, path, form, status, reason] of refusals) {
  test(`${method} ${path} ${JSON.stringify(form)} is refused and changes nothing`, async () => {
    const lab = new Lab({ access });
    const ask = await loggedIn(lab);
    const before = structuredClone(lab.pve.state.spec);
    const answer = await ask(method, path, form);
    assert.deepEqual([answer.status, answer.reason], [status, reason]);
    assert.deepEqual(lab.pve.state.spec, before);
  });
}

test("a token without privileges changes nothing of all this", async () => {
  const id = "weak@pve!t";
  const lab = new Lab({ tokens: [{ id, secret: "s", privileges: "acl" }] });
  for (const [method, path, form] of [
    ["POST", "/access/users", { userid: "b@pve" }],
    ["POST", "/access/roles", { roleid: "B" }],
    ["PUT", "/access/acl", { path: "/", roles: "Administrator", users: "weak@pve" }],
    ["POST", "/pools", { poolid: "b" }],
    ["POST", "/storage", { storage: "bb", type: "dir", path: "/b" }],
    ["POST", "/access/users/root@pam/token/bb", {}],
  ] as const) {
    const answer = await lab.send(method, path, form, `${id}=s`);
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.reason}`);
  }
});

test("only root with a ticket takes a lock away", async () => {
  const lab = new Lab({ access, guests: [{ vmid: 100, lock: "backup" }] });
  const ask = await loggedIn(lab);
  assert.equal(
    (await lab.put("/nodes/pve1/qemu/100/config", { delete: "lock" })).reason,
    "only root can set 'lock' config",
  );
  assert.equal((await ask("PUT", "/nodes/pve1/qemu/100/config", { delete: "lock", skiplock: "1" })).status, 200);
  assert.equal(lab.pve.state.guests.get(100)?.config.has("lock"), false);
});
