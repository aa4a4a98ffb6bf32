import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import type { RecordedRequest } from "../../src/emulator/record.ts";
import { withoutContracts } from "../contracts.ts";
import { Stage } from "../e2e/stage.ts";
import { schemaOf } from "./schema.ts";

/** What the demo does, with every request to PVE written down. */
for (const [registration, delivery] of [
  ["jit", "iso"],
  ["token", "snippets"],
] as const) {
  const title = `a daemon that serves jobs by ${registration} and ${delivery} asks only what PVE 8.4 and 9.2 know`;
  test(title, { skip: withoutContracts }, async (t) => {
    const stage = new Stage();
    after(() => stage.close());
    const snippets = join(stage.folder, "snippets");
    mkdirSync(snippets);
    await stage.emulate(
      {
        pve: {
          storages: [{ name: "local", snippetsFolder: snippets }],
          guests: [{ vmid: 9000, name: "base", template: true }],
        },
        github: { jobs: [{ count: 2, durationMs: 10_000 }] },
        dispatcher: {
          REGISTRATION: registration,
          DELIVERY: delivery,
          RUNNER_MAX: "2",
          ...(delivery === "snippets" ? { SNIPPETS_DIR: snippets } : { RUNNER_DISK: "40", RUNNER_CORES: "4" }),
        },
      },
      20,
      ["--requests", "requests.jsonl"],
    );
    stage.writeEnv(stage.env);
    const daemon = stage.start(["run"]);
    await stage.until((records) => records.filter((r) => r.event === "pve" && r.call === "destroy").length === 2);
    await stage.until((records) => records.findLast((r) => r.event === "tally")?.left.seeds === 0);
    await daemon.stop();

    const lines = readFileSync(join(stage.folder, "requests.jsonl"), "utf8").split("\n").slice(0, -1);
    const requests = lines.map((line) => JSON.parse(line) as RecordedRequest);
    assert.ok(requests.length > 50, `${requests.length} requests`);
    const violations = ["8.4", "9.2"].flatMap((generation) => {
      const schema = schemaOf(generation);
      return requests.flatMap(({ method, url, body, contentType }) =>
        schema.violations(method, new URL(url), body, contentType),
      );
    });
    t.diagnostic(`${requests.length} requests, ${violations.length} violations`);
    assert.deepEqual(violations, []);
  });
}
