import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { RealGuest } from "./guest.ts";
import { RealStage, until } from "./stage.ts";
import { toolsMissing } from "./tools.ts";

/** The dispatcher and real guests: each delivery once, from the clone to the removal. */

const MINUTE = 60_000;
/** An emulated processor on a busy machine takes its time; most of it is never used. */
const patience = 12 * MINUTE;
const deliveries = [
  { pool: "seeded", delivery: "iso", registration: "jit", vmids: "300-309" },
  { pool: "snippet", delivery: "snippets", registration: "token", vmids: "310-319" },
  { pool: "late", delivery: "agent", registration: "jit", vmids: "320-329" },
] as const;
const pools = `max_total_runners: 2
pools:
${deliveries
  .map(
    ({ pool, delivery, registration, vmids }) => `  - name: ${pool}
    labels: [${pool}]
    template: debian
    delivery: ${delivery}
    registration: ${registration}
    vmids: "${vmids}"
    runner_name_prefix: ${pool}
`,
  )
  .join("")}`;

const identities = new Map<string, string>();
const stage = new RealStage();

describe("a real Debian guest", { concurrency: true, skip: toolsMissing() }, () => {
  before(async () => {
    await stage.open(pools);
    stage.startDispatcher();
  });
  after(() => stage.close());

  for (const { pool, delivery, registration } of deliveries) {
    test(`armed by ${delivery} registers with a ${registration}, runs one job, powers off and is removed`, async () => {
      const began = Date.now();
      const at = (what: string): void =>
        console.log(`# ${pool}: ${what} after ${((Date.now() - began) / 1000).toFixed(0)} s`);
      const job = stage.addJob(pool, 90_000);
      const started = await until(`a runner of ${pool} at work:\n${stage.log()}`, patience, () => {
        const record = stage.audit.find((r) => r.event === "job" && r.job === job && r.what === "started");
        return record?.event === "job" ? record : null;
      });
      at("its job runs");
      const guest = new RealGuest(stage, started.vmid ?? 0);
      assert.equal(await guest.stateIs(/^job /, MINUTE), `job ${job}`);
      await until(
        `the end of the scrubbing of ${pool}`,
        MINUTE,
        () => delivery === "agent" || new RegExp(`scrub ${pool}-.*done`).test(stage.log()) || null,
      );
      const secret = stage.minted.find((one) => (registration === "jit" ? one.length > 1_000 : one.length < 100)) ?? "";
      const needle = registration === "jit" ? secret.slice(-300, -220) : secret;
      assert.ok(needle.length > 20);
      const hits = await guest.find(needle);
      // The listener was given it by its environment, as the real one wants it; a JIT config is used up by then.
      const elsewhere = hits.filter(
        (hit) => !(hit.where === "environment" && hit.what.includes("Runner.Listener run")),
      );
      assert.deepEqual(elsewhere, []);
      at("the secret was looked for");
      identities.set(pool, await guest.run(["/bin/sh", "-c", "cat /etc/machine-id /etc/ssh/ssh_host_*_key.pub"]));
      await until(
        `the end of ${pool}'s job`,
        patience,
        () => stage.audit.some((r) => r.event === "job" && r.job === job && r.what === "completed") || null,
      );
      at("its job is over");
      await until(`the removal of ${pool}'s guest:\n${stage.log()}`, patience, async () =>
        stage.call("GET", `/nodes/pve1/qemu/${guest.vmid}/config`).then(
          () => null,
          () => true,
        ),
      );
      at("it is removed");
      assert.equal(
        stage.audit.filter((r) => r.event === "guest" && r.vmid === guest.vmid && r.what === "powers off").length,
        1,
      );
    });
  }

  test("has a machine-id and SSH host keys of its own", async () => {
    await until("two guests", 14 * MINUTE, () => identities.size >= 2 || null);
    const [one = "", other = ""] = [...identities.values()].map((text) => text.split("\n"));
    assert.match(String(one[0]), /^[0-9a-f]{32}$/);
    assert.ok(one.length > 2, "it has SSH host keys");
    for (const line of one) if (line !== "") assert.ok(!other.includes(line), `both have ${line}`);
  });
});
