import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { withoutContracts } from "../contracts.ts";
import { setUpFlows } from "./flow-world.ts";
import { recordedWorld } from "./recorded-world.ts";
import { recordingsOf } from "./recording.ts";
import { type Outcome, Replay } from "./replay.ts";

/** How many exchanges of each file are answered as they were recorded. Only ever raised. */
const floors = {
  "8.4": { "pve-8.4.jsonl": 726, "flows-8.4.jsonl": 297 },
  "9.2": { "pve-9.2.jsonl": 707, "flows-9.2.jsonl": 366 },
} as const;

for (const generation of ["8.4", "9.2"] as const) {
  test(`the emulator answers as the recorded PVE ${generation} did`, { skip: withoutContracts }, async (t) => {
    const snippets = mkdtempSync(join(tmpdir(), "recorded-snippets-"));
    t.after(() => rmSync(snippets, { recursive: true }));
    writeFileSync(join(snippets, "user-101.yaml"), "#cloud-config\n");
    const replay = new Replay(recordedWorld(generation, snippets));
    for (const [file, floor] of Object.entries(floors[generation])) {
      if (file.startsWith("flows-")) replay.setUp(setUpFlows);
      const outcomes = await replay.run(recordingsOf(file));
      const matched = outcomes.filter(({ kind }) => kind === "matched").length;
      console.log(report(file, outcomes));
      assert.ok(matched >= floor, `${file}: ${matched} matched, fewer than ${floor}`);
    }
  });
}

function report(file: string, outcomes: readonly Outcome[]): string {
  const of = (kind: Outcome["kind"]): readonly Outcome[] => outcomes.filter((o) => o.kind === kind);
  const lines = [`${file}: ${of("matched").length} matched of ${outcomes.length}`];
  for (const kind of ["differing", "out of scope"] as const) {
    const groups = new Map<string, number[]>();
    for (const { why, recording } of of(kind)) {
      // A recorded value may be a whole file, with a password's hash in it: its first line says enough.
      const [first = ""] = why.split("\n");
      const group = first.replace(/\d{2,}/g, "#").slice(0, 200);
      groups.set(group, [...(groups.get(group) ?? []), recording.seq]);
    }
    lines.push(`  ${kind}: ${of(kind).length}`);
    for (const [why, seqs] of [...groups].sort(([, a], [, b]) => b.length - a.length)) {
      lines.push(`  ${String(seqs.length).padStart(4)} × ${why} (seq ${seqs.slice(0, 4).join(", ")})`);
    }
  }
  return lines.join("\n");
}
