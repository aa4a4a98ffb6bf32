import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { Stage } from "./stage.ts";

/** Each kind of bad input: one clear line with cause and remedy, an end or a wait, and nothing changed anywhere. */

const template = { vmid: 9000, name: "base", node: "pve1", template: true };
const jobs = [{ repository: "octo/demo", labels: ["self-hosted", "linux"], count: 1, atMs: 0, durationMs: 1_000 }];

const worldWith = (guests: readonly unknown[]): unknown => ({
  pve: { guests },
  github: { jobs },
  dispatcher: { RUNNER_LABELS: "linux", TEMPLATE_NAME: "base", POLL_INTERVAL: "1" },
});

interface Case {
  readonly title: string;
  readonly guests?: readonly unknown[];
  readonly env?: Readonly<Record<string, string>>;
  readonly without?: readonly string[];
  readonly files?: Readonly<Record<string, string>>;
  /** What the one line must say, cause and remedy. */
  readonly says: readonly RegExp[];
  readonly end: "ends with 1" | "waits";
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
    env: { RUNNER_ID_START: "200", RUNNER_ID_END: "200" },
    says: [/VMID range 200-200 is full/, /widen the range/],
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
];

describe("bad input", { concurrency: 2 }, () => {
  for (const { title, guests = [template], env = {}, without = [], files = {}, says, end } of cases) {
    test(title, async () => {
      const stage = new Stage();
      after(() => stage.close());
      await stage.emulate(worldWith(guests));
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
        assert.ok(daemon.running());
        assert.equal(await daemon.stop(), 0);
      } else {
        assert.equal(await daemon.ended, 1);
      }
      assert.deepEqual(stage.changes(), [], "nothing was changed");
    });
  }
});
