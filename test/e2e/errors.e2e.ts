import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import type { AuditRecord } from "../../src/emulator/audit.ts";
import { Stage } from "./stage.ts";

/** Each kind of bad input: one clear line with cause and remedy, an end or a wait, and nothing changed anywhere. */

const repository = "octo/demo";
const template = { vmid: 9000, name: "base", node: "pve1", template: true };
const jobs = [{ repository, labels: ["self-hosted", "linux"], count: 1, atMs: 0, durationMs: 1_000 }];

const githubToken = { token: "github_pat_limited0000000000000000000000" };
/** Seeds on a storage of their own, apart from the guests' disks. */
const storages = (seeds: object): unknown => [
  { name: "disks", content: ["images"] },
  { name: "seeds", content: ["iso"], ...seeds },
];

const everywhere = [
  ...["VM.Allocate", "VM.Audit", "VM.Clone", "VM.PowerMgmt", "VM.Config.CDROM", "VM.Config.CPU", "VM.Config.Cloudinit"],
  ...["VM.Config.Disk", "VM.Config.Memory", "VM.Config.Network", "VM.Config.Options", "VM.GuestAgent.Audit"],
  ...["Datastore.Allocate", "Datastore.AllocateSpace", "Datastore.AllocateTemplate", "Datastore.Audit"],
  ...["Pool.Audit", "SDN.Use", "Sys.Audit"],
];
const tokensWithout = (missing: string): unknown => [
  {
    id: "dispatcher@pve!limited",
    secret: "22222222-3333-4444-8555-666666666666",
    privileges: [{ path: "/", privileges: everywhere.filter((privilege) => privilege !== missing) }],
  },
];

const worldWith = ({ guests = [template], pve, github }: Case): unknown => ({
  pve: { guests, ...pve },
  github: { jobs, ...github },
  dispatcher: { RUNNER_LABELS: "linux", TEMPLATE_NAME: "base", POLL_INTERVAL: "1" },
});

interface Case {
  readonly title: string;
  readonly guests?: readonly unknown[];
  /** What else the world's file says of either service. */
  readonly pve?: Readonly<Record<string, unknown>>;
  readonly github?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly without?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** What the one line must say, cause and remedy. */
  readonly says: readonly RegExp[];
  readonly end: "ends with 1" | "waits";
  /** What was begun before it failed is gone in the end; otherwise nothing may have been begun. */
  readonly after?: "leaves nothing";
}

const cases: readonly Case[] = [
  {
    title: "a wrong PVE token ends the start and names what to set",
    env: { PROXMOX_TOKEN_SECRET: "00000000-0000-0000-0000-000000000000" },
    says: [/Authentication failed!/, /PROXMOX_TOKEN_/],
    end: "ends with 1",
  },
  {
    title: "a wrong GitHub token ends the start and names what to set",
    env: { GITHUB_TOKEN: "github_pat_wrong" },
    says: [/Bad credentials/, /GITHUB_TOKEN/],
    end: "ends with 1",
  },
  {
    title: "an unreachable host is reported and waited for",
    env: { PROXMOX_URL: "https://127.0.0.1:47999/api2/json" },
    says: [/PVE at https:\/\/127\.0\.0\.1:47999/, /refused/i, /waiting/],
    end: "waits",
  },
  {
    title: "a wrong fingerprint ends the start and shows the one that was seen",
    env: { PROXMOX_FINGERPRINT: `${"AB:".repeat(31)}AB` },
    says: [/shows fingerprint (?:[0-9A-F]{2}:){31}[0-9A-F]{2}/, /expected AB:AB/],
    end: "ends with 1",
  },
  {
    title: "a certificate that nobody vouched for ends the start, with its fingerprint ready to paste",
    without: ["PROXMOX_FINGERPRINT"],
    says: [/PROXMOX_FINGERPRINT=(?:[0-9A-F]{2}:){31}[0-9A-F]{2}/],
    end: "ends with 1",
  },
  {
    title: "a missing template is reported and waited for",
    env: { TEMPLATE_NAME: "no-such-template" },
    says: [/template "no-such-template" does not exist on node pve1/, /build it there|name another/],
    end: "waits",
  },
  {
    title: "a full VMID range is reported and waited for",
    guests: [template, { vmid: 200, node: "pve1" }],
    env: { RUNNER_ID_START: "200", RUNNER_ID_END: "201" },
    says: [/VMID range 200-201 is full/, /widen the range/],
    end: "waits",
  },
  {
    title: "broken YAML ends the start, with file and line",
    files: { "dispatcher.yaml": "pools:\n  - name: a\n   labels: [x\n" },
    says: [/dispatcher\.yaml/, /line \d/],
    end: "ends with 1",
  },
  {
    title: "a broken user-data template ends the start, with file and line",
    files: { "user-data.pkrtpl": `#cloud-config\nruncmd:\n  - run-once \${repo_ulr} \${registration_token}\n` },
    env: { USER_DATA_TEMPLATE: "user-data.pkrtpl" },
    says: [/user-data\.pkrtpl/, /line 3/, /repo_ulr/, /did you mean repo_url/],
    end: "ends with 1",
  },
  {
    title: "a template without a cloud-init drive is reported and waited for",
    guests: [{ ...template, cloudInitDrive: false }],
    says: [/template 9000 has no cloud-init drive/, /qm set 9000 --ide2/],
    end: "waits",
  },
  {
    title: "a token that may not clone the template is told what to grant, and where",
    pve: { tokens: tokensWithout("VM.Clone") },
    says: [
      /^warn: launch .*Permission check failed \(\/vms\/9000, VM\.Clone\)/,
      /grant VM\.Clone on \/vms\/9000 to the token/,
    ],
    end: "waits",
    after: "leaves nothing",
  },
  {
    title: "a token that may not upload seeds is told what to grant, and the clone goes",
    pve: { tokens: tokensWithout("Datastore.AllocateTemplate"), storages: storages({}) },
    says: [
      /^warn: launch .*Datastore\.AllocateTemplate/,
      /grant Datastore\.AllocateTemplate on \/storage\/seeds to the token/,
    ],
    end: "waits",
    after: "leaves nothing",
  },
  {
    title: "a full storage for the seeds is named, and the clone goes",
    pve: { storages: storages({ sizeGiB: 0.00001 }) },
    says: [/^warn: launch .*upload .* to seeds: .*No space left on device/, /make room on it, or name another storage/],
    end: "waits",
    after: "leaves nothing",
  },
  {
    title: "a storage that takes no ISO images is named, and the clone goes",
    pve: { storages: storages({ content: ["vztmpl"] }) },
    env: { PROXMOX_STORAGE: "seeds" },
    says: [/^warn: launch .*storage 'seeds' does not support 'iso' content/, /allow the content iso on storage seeds/],
    end: "waits",
    after: "leaves nothing",
  },
  {
    title: "a GitHub token that may not register runners is told which permission it lacks",
    github: { tokens: [{ ...githubToken, administration: "none" }] },
    says: [/GitHub, repos\/octo\/demo: .*GitHub answered 403/, /permission "Administration: write on the repository"/],
    end: "waits",
  },
  {
    title: "a used-up rate limit is told with its end, and waited for",
    github: { pointsPerHour: 1 },
    says: [/GitHub, .*octo\/demo: rate limit: resets in \d+ /, /POLL_INTERVAL/],
    end: "waits",
  },
  {
    title: "a repository that the GitHub token does not see is named",
    github: {
      tokens: [{ ...githubToken, repositories: ["octo/other"] }],
      repositories: [{ name: repository }, { name: "octo/other" }],
    },
    says: [/GitHub, octo\/demo: .*GitHub answered 404/, /check the name, and that the token sees it/],
    end: "waits",
  },
];

describe("bad input", { concurrency: 2 }, () => {
  for (const scene of cases) {
    const { env = {}, without = [], files = {}, says, end } = scene;
    test(scene.title, async () => {
      const stage = new Stage();
      after(() => stage.close());
      await stage.emulate(worldWith(scene));
      for (const [name, text] of Object.entries(files)) stage.write(name, text);
      const settings = Object.entries({ ...stage.env, ...env }).filter(([name]) => !without.includes(name));
      stage.writeEnv(Object.fromEntries(settings));

      const daemon = stage.start(["run"]);
      const line = await daemon.line(says[0] ?? /$/);
      for (const part of says) assert.match(line, part);
      for (const secret of ["PROXMOX_TOKEN_SECRET", "GITHUB_TOKEN"]) {
        assert.ok(!daemon.text().includes(Object.fromEntries(settings)[secret] ?? "?"), "no secret is printed");
      }
      if (end === "waits") {
        if (scene.after === "leaves nothing") await stage.until(allGone);
        assert.ok(daemon.running());
        assert.equal(await daemon.stop(), 0);
      } else {
        assert.equal(await daemon.ended, 1);
      }
      const lease = Number(env.RUNNER_ID_END ?? 299);
      const changes = stage.changes().filter((r) => !(r.event === "pve" && r.vmid === lease));
      if (scene.after === undefined) assert.deepEqual(changes, [], "nothing but the lease was changed");
      else assert.deepEqual(await stage.left(), { guests: 0, seeds: 0, runners: 0 });
    });
  }
});

/** Every clone that PVE took was removed again. */
function allGone(records: readonly AuditRecord[]): boolean {
  const taken = (call: string): number =>
    records.filter((r) => r.event === "pve" && r.call === call && r.status === 200).length;
  return taken("clone") === taken("destroy");
}
