import assert from "node:assert/strict";
import { test } from "node:test";
import { grantedOn } from "../../src/doctor/acl.ts";
import { needs } from "../../src/doctor/needs.ts";
import { findingsIn, grantsOf, illsOf, without } from "./clinic.ts";

test("each privilege in the table is one that the set-up grants: none is asked for in vain", () => {
  const granted = new Set((["8.4", "9.2"] as const).flatMap(grantsOf).flatMap(({ privileges }) => privileges));
  assert.deepEqual(
    needs.flatMap(({ anyOf }) => anyOf[0] ?? "").filter((privilege) => !granted.has(privilege)),
    [],
  );
});

test("what hardware does not need is not asked for", async () => {
  const grants = (["VM.Config.CPU", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Disk"] as const).reduce(
    (left, privilege) => without(left, "/pool/runners", privilege),
    grantsOf("9.2"),
  );
  const env = { RUNNER_CORES: "", RUNNER_MEMORY: "", RUNNER_NETWORK: "", RUNNER_DISK: "" };
  assert.deepEqual(illsOf(await findingsIn({ grants, env })), []);
});

test("without a resource pool the privileges count on /vms, and Pool.Audit is not asked for", async () => {
  const others = grantsOf("9.2").filter(({ path }) => path !== "/pool/runners" && path !== "/vms/9000");
  const ofGuests = grantsOf("9.2").find(({ path }) => path === "/pool/runners")?.privileges ?? [];
  const grants = [...others, { path: "/vms", privileges: [...ofGuests.filter((p) => p !== "Pool.Audit"), "VM.Clone"] }];
  assert.deepEqual(illsOf(await findingsIn({ grants, env: { RESOURCE_POOL: "" } })), []);
  const [ill] = illsOf(
    await findingsIn({ grants: without(grants, "/vms", "VM.PowerMgmt"), env: { RESOURCE_POOL: "" } }),
  );
  assert.match(ill ?? "", /blocks privileges: VM\.PowerMgmt is missing on \/vms/);
});

test("a VLAN has a path of its own", async () => {
  const ills = illsOf(
    await findingsIn({
      env: { RUNNER_NETWORK: "virtio,bridge=vmbr0,tag=20" },
      pveSays: {
        "/access/permissions": (acl: Record<string, Record<string, number>>) => ({
          ...acl,
          "/sdn/zones/localnetwork/vmbr0": { "SDN.Use": 0 },
        }),
      },
    }),
  );
  assert.deepEqual(ills, ["blocks privileges: SDN.Use is missing on /sdn/zones/localnetwork/vmbr0/20 (required)"]);
});

test("the remedy of a privilege that is missing beside inherited ones does not hide those", async () => {
  const all = new Set(grantsOf("9.2").flatMap(({ privileges }) => privileges));
  const grants = [{ path: "/", privileges: [...all].filter((privilege) => privilege !== "VM.Clone") }];
  const told = (await findingsIn({ grants })).filter(({ level }) => level !== "good");
  const [only] = told;
  assert.ok(told.length === 1 && only !== undefined && only.level === "blocks");
  assert.match(only.what, /VM\.Clone is missing on \/vms\/9000/);
  assert.match(only.remedy, /--privs VM\.Clone,\S*VM\.Audit/);
});

test("a privilege of the guests that an entry of one guest hides is named with that guest", async () => {
  const ofGuests = grantsOf("9.2").flatMap(({ privileges }) => privileges);
  const grants = [
    { path: "/", privileges: ofGuests },
    { path: "/vms/205", privileges: ofGuests.filter((privilege) => privilege !== "VM.PowerMgmt") },
  ];
  const ills = illsOf(await findingsIn({ grants, env: { RESOURCE_POOL: "" } }));
  assert.deepEqual(ills, ["blocks privileges: VM.PowerMgmt is missing on /vms/205 (required)"]);
});

test("privileges that cannot be read are told as such", async () => {
  const ills = illsOf(
    await findingsIn({
      pveInstead: { "/access/permissions": new Response("", { status: 500, statusText: "broken" }) },
    }),
  );
  assert.deepEqual(ills, ["warns privileges: the token's privileges"]);
});

test("a privilege on the path itself counts by its name, one from above only where it is handed down", () => {
  assert.ok(grantedOn({ "/storage/a": { X: 0 } }, "/storage/a").has("X"));
  assert.ok(grantedOn({ "/storage": { X: 1 } }, "/storage/a").has("X"));
  assert.ok(grantedOn({ "/": { X: 1 } }, "/storage/a").has("X"));
  assert.ok(!grantedOn({ "/storage": { X: 0 } }, "/storage/a").has("X"));
});

test("an entry on a deeper path replaces what comes from above, unless it is not handed down", () => {
  assert.ok(!grantedOn({ "/": { X: 1 }, "/storage": { Y: 1 } }, "/storage/a").has("X"));
  assert.ok(!grantedOn({ "/": { X: 1 }, "/storage/a": { Y: 0 } }, "/storage/a").has("X"));
  assert.ok(grantedOn({ "/": { X: 1 }, "/storage": { Y: 0 } }, "/storage/a").has("X"));
});
