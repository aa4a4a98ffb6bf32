import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withoutContracts } from "../contracts.ts";
import { holdRecord } from "./held.ts";
import { watching } from "./watch/options.ts";

const call = {
  config: "PUT /nodes/{node}/qemu/{vmid}/config",
  upload: "POST /nodes/{node}/storage/{storage}/upload",
};

/** What is found in each of the ways that a request can take, and in how many requests. */
const ways: Readonly<Record<string, readonly [requests: number, ...violations: string[]]>> = {
  query: [1, "GET /version: wrong is unknown"],
  form: [1, `${call.config}: wrong is unknown`, `${call.config}: cores = x: not an integer`],
  upload: [1, `${call.upload}: content is missing`, `${call.upload}: wrong is unknown`],
  ticket: [2, "GET /nodes/{node}: node = a b: not of the format pve-node"],
  websocket: [
    1,
    "GET /nodes/{node}/vncwebsocket: port is missing",
    "GET /nodes/{node}/vncwebsocket: vncticket is missing",
    "GET /nodes/{node}/vncwebsocket: wrong is unknown",
  ],
  demo: [1, "GET /version: wrong is unknown"],
};

for (const [way, [requests, ...violations]] of Object.entries(ways)) {
  for (const told of ["by its command line", "by the environment"]) {
    // The demo hands on nothing but its own command line.
    if (way === "demo" && told === "by the environment") continue;
    test(`a wrong request by ${way} of a process that is watched ${told} is found`, { skip: withoutContracts }, (t) => {
      const folder = mkdtempSync(join(tmpdir(), "dispatcher-test-"));
      t.after(() => rmSync(folder, { recursive: true }));
      const record = join(folder, "requests.jsonl");
      const options = watching(record);
      const script = join(import.meta.dirname, "watch", "wrong.ts");
      const byArguments = told === "by its command line";
      execFileSync(process.execPath, byArguments ? [...options, script, way] : [script, way], {
        env: { PATH: process.env.PATH, ...(byArguments ? {} : { NODE_OPTIONS: options.join(" ") }) },
        stdio: "pipe",
      });
      const held = holdRecord(record);
      assert.equal(held.requests, requests);
      const by = "test/contract/watch/wrong.ts";
      assert.deepEqual(
        held.violations.toSorted(),
        ["8.4", "9.2"].flatMap((g) => violations.map((v) => `${by}: PVE ${g}: ${v}`)).toSorted(),
      );
    });
  }
}
