import assert from "node:assert/strict";
import { test } from "node:test";
import type { Config } from "../../src/config/config.ts";
import type { Subject } from "../../src/doctor/finding.ts";
import { DispatcherError } from "../../src/domain/errors.ts";
import { asNodeName } from "../../src/domain/ids.ts";
import { type Clinic, findingsIn, grantsOf, illsOf, template } from "./clinic.ts";

/** A world with one ill, and the one finding that is to name it. */
interface Case {
  readonly title: string;
  readonly clinic: Clinic;
  readonly level: "blocks" | "warns";
  readonly subject: Subject;
  readonly what: RegExp;
  readonly remedy: RegExp;
}

const withTemplate = (
  change: Readonly<Record<string, unknown>>,
  options: Readonly<Record<string, unknown>> = {},
): Clinic => ({
  pve: { guests: [{ ...template, ...change, config: { ...template.config, ...options } }] },
});
const says = (change: Readonly<Record<string, unknown>>, storage = "seeds"): Clinic => ({
  pveSays: { [`/nodes/pve1/storage/${storage}/status`]: (data: object) => ({ ...data, ...change }) },
});
const configSays = (change: Readonly<Record<string, unknown>>): Clinic => ({
  pveSays: { "/nodes/pve1/qemu/9000/config": (data: object) => ({ ...data, ...change }) },
});
const MiB = 1024 ** 2;

const cases: readonly Case[] = [
  {
    title: "a certificate that is not checked",
    clinic: { env: { PROXMOX_VERIFY_SSL: "false" } },
    level: "warns",
    subject: "tls",
    what: /not checked/,
    remedy: /PROXMOX_FINGERPRINT.*pvenode cert info/,
  },
  {
    title: "a PVE that is too old",
    clinic: { generation: "8.4", pveSays: { "/version": () => ({ version: "7.4-3", release: "7.4" }) } },
    level: "blocks",
    subject: "pve",
    what: /PVE 7\.4-3/,
    remedy: /upgrade PVE/,
  },
  {
    title: "a resource pool that does not exist",
    clinic: { pve: { resourcePools: [] } },
    level: "blocks",
    subject: "resource pool",
    what: /resource pool runners does not exist/,
    remedy: /^pveum pool add runners$/,
  },
  {
    title: "a template that does not exist",
    clinic: { env: { TEMPLATE_NAME: "debian" } },
    level: "blocks",
    subject: "template",
    what: /template "debian" of pool default is not on node pve1/,
    remedy: /build it on pve1/,
  },
  {
    title: "a guest that is no template",
    clinic: withTemplate({ template: false, cloudInitDrive: true }),
    level: "blocks",
    subject: "template",
    what: /guest 9000 is not a template/,
    remedy: /^qm template 9000$/,
  },
  {
    title: "a template without a cloud-init drive",
    clinic: withTemplate({ cloudInitDrive: false }),
    level: "blocks",
    subject: "template",
    what: /9000 on node pve1 has no cloud-init drive/,
    remedy: /^qm set 9000 --ide2 STORAGE:cloudinit$/,
  },
  {
    title: "a template with the guest agent switched off",
    clinic: withTemplate({}, { agent: "enabled=0" }),
    level: "warns",
    subject: "template",
    what: /guest agent switched off/,
    remedy: /^qm set 9000 --agent enabled=1$/,
  },
  {
    title: "a template whose boot order has no disk",
    clinic: withTemplate({}, { boot: "order=net0;ide2" }),
    level: "blocks",
    subject: "template",
    what: /no disk in its boot order/,
    remedy: /^qm set 9000 --boot order=scsi0$/,
  },
  {
    title: "a template with a hookscript",
    clinic: configSays({ hookscript: "local:snippets/hook.pl" }),
    level: "blocks",
    subject: "template",
    what: /option hookscript/,
    remedy: /^qm set 9000 --delete hookscript$/,
  },
  {
    title: "a template with args",
    clinic: configSays({ args: "-device x" }),
    level: "blocks",
    subject: "template",
    what: /option args/,
    remedy: /^qm set 9000 --delete args$/,
  },
  {
    title: "a template with a device of the host that is not mapped",
    clinic: configSays({ hostpci0: "0000:01:00.0,pcie=1" }),
    level: "blocks",
    subject: "template",
    what: /option hostpci0/,
    remedy: /Resource Mappings.*--hostpci0 mapping=NAME/,
  },
  {
    title: "a template that is locked",
    clinic: configSays({ lock: "backup" }),
    level: "warns",
    subject: "template",
    what: /locked \(backup\)/,
    remedy: /qm unlock 9000/,
  },
  {
    title: "a template whose storage cannot make linked clones",
    clinic: says({ type: "lvm" }, "disks"),
    level: "blocks",
    subject: "storage",
    what: /disks on node pve1 is of type lvm/,
    remedy: /CLONE=full/,
  },
  {
    title: "a template on a storage of a type that is not known",
    clinic: says({ type: "marble" }, "disks"),
    level: "warns",
    subject: "storage",
    what: /is of type marble/,
    remedy: /try it: qm clone/,
  },
  {
    title: "a seed storage that does not exist",
    clinic: {
      env: { PROXMOX_STORAGE: "other" },
      grants: [
        ...grantsOf("9.2"),
        { path: "/storage/other", privileges: ["Datastore.Allocate", "Datastore.AllocateTemplate", "Datastore.Audit"] },
      ],
    },
    level: "blocks",
    subject: "storage",
    what: /storage other on node pve1 does not exist/,
    remedy: /pvesm add dir other/,
  },
  {
    title: "a seed storage that is not active",
    clinic: says({ active: 0 }),
    level: "blocks",
    subject: "storage",
    what: /seeds on node pve1 is not active/,
    remedy: /pvesm status/,
  },
  {
    title: "a seed storage that is disabled",
    clinic: says({ enabled: 0 }),
    level: "blocks",
    subject: "storage",
    what: /is disabled/,
    remedy: /^pvesm set seeds --disable 0$/,
  },
  {
    title: "a seed storage that does not hold ISO images",
    clinic: says({ content: "vztmpl" }),
    level: "blocks",
    subject: "storage",
    what: /does not hold the content iso/,
    remedy: /^pvesm set seeds --content vztmpl,iso$/,
  },
  {
    title: "seeds beside the disks of guests",
    clinic: says({ content: "iso,images" }),
    level: "warns",
    subject: "storage",
    what: /holds seeds and also images/,
    remedy: /pvesm add dir seeds .*--content iso/,
  },
  {
    title: "a seed storage that is full",
    clinic: says({ avail: 0 }),
    level: "blocks",
    subject: "storage",
    what: /seeds on node pve1 is full: 0 MiB free/,
    remedy: /pvesm list/,
  },
  {
    title: "a storage for disks that is nearly full",
    clinic: says({ avail: 2048 * MiB }, "disks"),
    level: "warns",
    subject: "storage",
    what: /disks on node pve1 is nearly full: 2,048 MiB free/,
    remedy: /give it more room/,
  },
  {
    title: "a bridge that does not exist",
    clinic: {
      pve: { bridges: ["vmbr1"] },
      grants: [...grantsOf("9.2"), { path: "/sdn/zones/localnetwork/vmbr1", privileges: ["SDN.Use"] }],
    },
    level: "blocks",
    subject: "bridge",
    what: /vmbr0 on node pve1 does not exist/,
    remedy: /vmbr1 in RUNNER_NETWORK/,
  },
  {
    title: "bridges that cannot be read",
    clinic: {
      pveInstead: { "/nodes/pve1/network": new Response("", { status: 403, statusText: "Permission check failed" }) },
    },
    level: "warns",
    subject: "bridge",
    what: /bridge vmbr0 on node pve1/,
    remedy: /grant/,
  },
  {
    title: "a range without a free VMID",
    clinic: {
      env: { RUNNER_ID_START: "200", RUNNER_ID_END: "202", RUNNER_MAX: "2", TEMPLATE_VMID: "9000" },
      pve: { guests: [template, { vmid: 200, storage: "disks" }, { vmid: 201, storage: "disks" }] },
    },
    level: "blocks",
    subject: "vmids",
    what: /none of the VMIDs 200-202 of pool default is free \(200, 201 belong to guests that the token cannot see\)/,
    remedy: /RUNNER_ID_END/,
  },
  {
    title: "a range with fewer free VMIDs than runners",
    clinic: {
      env: { RUNNER_ID_START: "200", RUNNER_ID_END: "202", RUNNER_MAX: "2" },
      pve: { guests: [template, { vmid: 201, storage: "disks" }] },
    },
    level: "warns",
    subject: "vmids",
    what: /only 1 of the VMIDs 200-202 of pool default are free/,
    remedy: /RUNNER_ID_END/,
  },
  {
    title: "a guest of others where the lease should be",
    clinic: { pve: { guests: [template, { vmid: 299, name: "database", node: "pve1", storage: "disks" }] } },
    level: "blocks",
    subject: "lease",
    what: /VMID 299, which is kept for the lease of pool default, holds a guest that the token cannot see/,
    remedy: /RUNNER_ID_END/,
  },
  {
    title: "a clock of PVE that is wrong",
    clinic: { ahead: { pve: 300_000 } },
    level: "warns",
    subject: "clock",
    what: /clock of PVE is 5 min ahead/,
    remedy: /timedatectl set-ntp true/,
  },
  {
    title: "a clock of GitHub that cannot be read",
    clinic: { ahead: { github: null } },
    level: "warns",
    subject: "clock",
    what: /clock of GitHub could not be read/,
    remedy: /timedatectl/,
  },
];

for (const generation of ["8.4", "9.2"] as const) {
  test(`where PVE ${generation} and GitHub are as they should be, everything is good`, async () => {
    const findings = await findingsIn({ generation });
    assert.deepEqual(illsOf(findings), []);
    const looked = new Set(findings.map(({ subject }) => subject));
    const expected = [
      "tls",
      "pve",
      "privileges",
      "resource pool",
      "template",
      "storage",
      "bridge",
      "vmids",
      "lease",
      "clock",
    ];
    for (const subject of [...expected, "github", "repository"]) assert.ok(looked.has(subject as Subject), subject);
  });
}

for (const { title, clinic, level, subject, what, remedy } of cases) {
  test(`${title} is found, alone, with its remedy`, async () => {
    const findings = await findingsIn(clinic);
    const told = findings.filter((finding) => finding.level !== "good" && finding.subject === subject);
    const [ill] = told;
    assert.ok(ill !== undefined && ill.level !== "good", illsOf(findings).join("\n"));
    assert.equal(illsOf(findings).length, 1, illsOf(findings).join("\n"));
    assert.equal(ill.level, level);
    assert.match(ill.what, what);
    assert.match(ill.remedy, remedy);
    assert.notEqual(ill.why, "");
  });
}

test("protection and start at boot are harmless: clones are cleared of them", async () => {
  const findings = await findingsIn(withTemplate({ protection: true }, { onboot: 1 }));
  assert.deepEqual(illsOf(findings), []);
  assert.ok(findings.some(({ what }) => /protection and onboot it hands down/.test(what)));
});

test("a mapped device of the host is harmless", async () => {
  assert.deepEqual(illsOf(await findingsIn(configSays({ hostpci0: "mapping=gpu,pcie=1" }))), []);
});

test("a template is looked for on each node", async () => {
  const clinic = {
    grants: "all",
    config: (config: Config) => ({
      ...config,
      pools: config.pools.map((pool) => ({
        ...pool,
        guest: { ...pool.guest, nodes: [asNodeName("pve1"), asNodeName("pve2")] },
      })),
    }),
    pve: { nodes: [{ name: "pve1" }, { name: "pve2" }] },
  } as const;
  const ills = illsOf(await findingsIn(clinic));
  assert.deepEqual(ills, ['blocks template: template "base" of pool default is not on node pve2: it is on pve1']);
});

test("a token that PVE refuses blocks, and what rests on it is told as not looked at", async () => {
  const findings = await findingsIn({ env: { PROXMOX_TOKEN_SECRET: "wrong" } });
  const [blocking, rest, ...others] = findings.filter(({ level }) => level !== "good");
  assert.deepEqual(others, []);
  assert.ok(blocking !== undefined && blocking.level === "blocks" && rest?.level === "warns");
  assert.match(blocking.what, /PVE refuses the token dispatcher@pve!daemon/);
  assert.match(blocking.remedy, /PROXMOX_TOKEN_SECRET/);
  assert.match(rest.what, /privileges, template, storages/);
});

test("a PVE that does not answer blocks", async () => {
  const findings = await findingsIn({ pveInstead: { "/version": null } });
  const first = findings.find(({ subject }) => subject === "pve");
  assert.ok(first !== undefined && first.level === "blocks");
  assert.match(first.what, /PVE does not answer/);
  assert.match(first.remedy, /PROXMOX_URL/);
});

test("a certificate that is not trusted blocks, and the way to trust it is told", async () => {
  const pveFails = new DispatcherError("untrusted", "PVE at https://pve.test: its certificate is self-signed", {
    remedy: "compare it with what `pvenode cert info` prints on the node",
  });
  const told = (await findingsIn({ pveFails })).filter(({ subject }) => subject === "tls");
  const [only] = told;
  assert.ok(told.length === 1 && only !== undefined && only.level === "blocks");
  assert.match(only.what, /not trusted: .*self-signed/);
  assert.match(only.remedy, /pvenode cert info/);
});
