import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { AuditRecord } from "../../src/emulator/audit.ts";
import { RealGuest } from "./guest.ts";
import { RealStage, until } from "./stage.ts";
import { toolsMissing } from "./tools.ts";

/** The dispatcher and real guests: each delivery once, from the clone to the removal. */

const MINUTE = 60_000;
/** An emulated processor on a busy machine takes its time; most of it is never used. */
const patience = 8 * MINUTE;
const deliveries = [
  { delivery: "iso", registration: "jit", first: 300 },
  { delivery: "snippets", registration: "token", first: 310 },
  { delivery: "agent", registration: "jit", first: 320 },
] as const;
const pools = `max_total_runners: 1
pools:
${deliveries
  .map(
    ({ delivery, registration, first }) => `  - name: ${delivery}
    labels: [${delivery}]
    template: debian
    delivery: ${delivery}
    registration: ${registration}
    vmids: "${first}-${first + 9}"
    runner_name_prefix: ${delivery}
`,
  )
  .join("")}`;

const stage = new RealStage();
/** Machine-id and SSH host keys of each guest. */
const identities: (readonly string[])[] = [];

describe("a real Debian guest", { skip: toolsMissing() }, () => {
  before(async () => {
    await stage.open(pools);
    stage.startDispatcher();
  });
  after(() => stage.close());

  for (const { delivery, registration, first } of deliveries) {
    test(`armed by ${delivery} registers with a ${registration}, runs one job, powers off and is removed`, async () => {
      const ours = ({ vmid }: { vmid: number | null }): boolean => vmid !== null && vmid >= first && vmid < first + 10;
      const mintedBefore = stage.minted.length;
      const job = stage.addJob(delivery);

      const start = await seen(
        `start of ${delivery}'s guest`,
        (r) => r.event === "pve" && r.call === "start" && ours(r),
      );
      const vmid = start.event === "pve" ? (start.vmid ?? 0) : 0;
      const guest = new RealGuest(stage, vmid);
      await until(`the agent of ${vmid}`, patience, async () => (await guest.ping()) || null);
      const booted = Date.now();
      const online = await seen(`${delivery}'s runner`, (r) => r.event === "session" && r.what === "opened" && ours(r));
      const started = await seen(
        `${delivery}'s job`,
        (r) => r.event === "job" && r.job === job && r.what === "started",
      );

      assert.equal(await guest.stateIs(/^job /, MINUTE), `job ${job}`);
      await until(
        `the scrubbing of ${delivery}'s seed`,
        MINUTE,
        () => delivery === "agent" || new RegExp(`scrub ${delivery}-.*done`).test(stage.log()) || null,
      );
      const needles = stage.minted.slice(mintedBefore).map((secret) => secret.slice(-300).slice(0, 80));
      assert.ok(needles.length > 0 && needles.every((needle) => needle.length > 20), "a secret was minted");
      for (const needle of needles) {
        const hits = await guest.find(needle);
        // The listener was given it by its environment, as the real one wants it; a JIT config is used up by then.
        const elsewhere = hits.filter(
          ({ where, what }) => where !== "environment" || !/Runner\.Listener run$/.test(what),
        );
        assert.deepEqual(elsewhere, []);
      }
      identities.push(await identityOf(guest));

      stage.endJobs();
      const ended = await seen(
        `end of ${delivery}'s job`,
        (r) => r.event === "job" && r.job === job && r.what === "completed",
      );
      const off = await seen(`power-off of ${vmid}`, (r) => r.event === "guest" && ours(r) && r.what === "powers off");
      await until(`the removal of ${vmid}`, patience, () =>
        stage.call("GET", `/nodes/pve1/qemu/${vmid}/config`).then(
          () => null,
          () => true,
        ),
      );
      const seconds = (from: number, to: number): string => `${Math.max(0, Math.round((to - from) / 1000))} s`;
      console.log(
        `# ${delivery}: boot ${seconds(start.at, booted)} (to its guest agent), arming ${seconds(booted, online.at)} (to the runner online), ` +
          `job ${seconds(started.at, ended.at)} (the search for the secret in it), power-off ${seconds(ended.at, off.at)}`,
      );
      assert.equal(stage.audit.filter((r) => r.event === "guest" && ours(r)).length, 1, "nothing else was remarkable");
    });
  }

  test("has a machine-id and SSH host keys of its own", () => {
    assert.equal(identities.length, deliveries.length);
    for (const [machineId = "", ...keys] of identities) {
      assert.match(machineId, /^[0-9a-f]{32}$/);
      assert.ok(keys.length > 1, "it has SSH host keys");
    }
    const all = identities.flat();
    assert.equal(new Set(all).size, all.length);
  });
});

const seen = (what: string, matches: (record: AuditRecord) => boolean): Promise<AuditRecord> =>
  until(`the ${what}`, patience, () => stage.audit.find(matches) ?? null);

async function identityOf(guest: RealGuest): Promise<readonly string[]> {
  const text = await guest.run(["/bin/sh", "-c", "cat /etc/machine-id; cut -d' ' -f 1,2 /etc/ssh/ssh_host_*_key.pub"]);
  return text.trim().split("\n");
}
