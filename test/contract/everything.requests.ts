import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { withoutContracts } from "../contracts.ts";
import { type Exception, type Held, holdRecord } from "./held.ts";
import { watching } from "./watch/options.ts";

/** Tests that make the client ask what no PVE knows. */
const meant: readonly Exception[] = [
  {
    by: "test/proxmox/http.test.ts",
    violation: /^(POST|PUT) \/x: no such call$|^POST \S+\/clone: newid is missing$/,
    reason: "the transport alone is tested, with paths and forms that no call of the client has",
  },
];

const root = join(import.meta.dirname, "../..");
const demo = (registration: string, delivery: string, ...more: readonly string[]): readonly string[] => [
  ...["src/main.ts", "demo", "--json", "--jobs", "4", "--speed", "20"],
  ...["--registration", registration, "--delivery", delivery, ...more],
];
const files = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" }).toSorted();
const tests = (wanted: RegExp): readonly string[] => [
  ...["--test", "--test-timeout=300000", "--test-reporter=dot"],
  ...files.filter((file) => wanted.test(file)).map((file) => join("test", file)),
];

/** Everything that sends requests to PVE by the client. The others' clients of `test/interop` are not ours. */
const sources: Readonly<Record<string, readonly string[]>> = {
  unit: tests(/\.test\.ts$/),
  contract: tests(/(daemon|replay|requests)\.contract\.ts$/),
  faults: tests(/\.faults\.ts$/),
  e2e: tests(/^e2e\/.*\.e2e\.ts$/),
  "demo jit iso": demo("jit", "iso"),
  "demo jit snippets": demo("jit", "snippets"),
  "demo token iso": demo("token", "iso", "--kill"),
  "demo token snippets": demo("token", "snippets"),
};

/** Sends every call that the client has once, with every parameter: its own test holds it to that. */
const table = "test/proxmox/contract.test.ts";

const folder = mkdtempSync(join(tmpdir(), "dispatcher-test-"));
after(() => rmSync(folder, { recursive: true }));
const found = new Map<string, Held>();

for (const [source, args] of Object.entries(sources)) {
  test(`${source}: every request is one that PVE 8.4 and 9.2 know`, { skip: withoutContracts }, async (t) => {
    const record = join(folder, `${source}.jsonl`);
    const { code, said } = await run(args, watching(record));
    const held = holdRecord(record, meant);
    found.set(source, held);
    t.diagnostic(`${source}: ${held.requests} requests of ${held.calls.size} calls`);
    assert.ok(held.requests > 100, `${held.requests} requests`);
    assert.equal(held.blind, 0, "requests of which an unknown parameter would not be noticed");
    assert.deepEqual(held.violations, []);
    assert.equal(code, 0, `it failed, so that not every request is there:\n${said}`);
  });
}

test("each exception is still one", { skip: withoutContracts }, () => {
  const used = new Set([...found.values()].flatMap((held) => [...held.used]));
  assert.deepEqual(
    meant.filter((one) => !used.has(one)),
    [],
  );
});

test("every call that the client has was sent and held", { skip: withoutContracts }, (t) => {
  const names = new Set([...found.values()].flatMap((held) => [...held.calls.keys()]));
  const known = [...names].filter((name) => !name.includes("/api2/json"));
  const count = (name: string, wanted: (by: string) => boolean): readonly number[] =>
    [...found.values()].map(({ calls }) =>
      [...(calls.get(name) ?? [])].reduce((sum, [by, n]) => sum + (wanted(by) ? n : 0), 0),
    );
  t.diagnostic(`sent by ${[...found.keys()].join(" | ")}`);
  const onlyInTable: string[] = [];
  for (const name of known.toSorted((a, b) => (a.replace(/^\S+ /, "") < b.replace(/^\S+ /, "") ? -1 : 1))) {
    const elsewhere = count(name, (by) => by !== table);
    if (elsewhere.every((n) => n === 0)) onlyInTable.push(name);
    t.diagnostic(`${name.padEnd(62)} ${elsewhere.map((n) => String(n).padStart(5)).join("")}`);
  }
  t.diagnostic(`${known.length} calls; only the table of ${table} sends: ${onlyInTable.join(", ") || "none"}`);
  const inTable = found.get("unit")?.calls ?? new Map<string, ReadonlyMap<string, number>>();
  assert.ok([...inTable.values()].filter((senders) => senders.has(table)).length > 50, "the table was not seen");
});

function run(args: readonly string[], watch: readonly string[]): Promise<{ code: number | null; said: string }> {
  // Within a test, another run of tests would take itself for a part of it.
  const { NODE_TEST_CONTEXT: _, ...env } = process.env;
  // The demo's processes are started by its own command line; those of tests know the environment alone.
  const byArguments = args[0] !== "--test";
  const child = spawn(process.execPath, [...(byArguments ? watch : []), ...args], {
    cwd: root,
    env: byArguments ? env : { ...env, NODE_OPTIONS: watch.join(" ") },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const output of [child.stdout, child.stderr]) {
    output.on("data", (chunk: Buffer) => {
      said += chunk.toString();
    });
  }
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, said: said.slice(-4_000) })));
}
