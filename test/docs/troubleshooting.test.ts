import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { subjects } from "../../src/doctor/finding.ts";
import { leaseTimes } from "../../src/domain/lease.ts";
import { spell } from "../../src/domain/time.ts";
import { canSay, textsOf } from "./doctor-words.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../../docs", name), "utf8");
const [, after = ""] = read("troubleshooting.md").split("## What doctor says\n");
const [section = ""] = after.split("\n## ");

/** Every piece of code in the table that begins with one of doctor's subjects. */
const named = [...section.matchAll(/`([^`]+)`/g)].flatMap(([, code = ""]) => {
  const [subject = "", ...what] = code.split(": ");
  return (subjects as readonly string[]).includes(subject) ? [{ subject, what: what.join(": ") }] : [];
});

describe("docs/troubleshooting.md", () => {
  for (const { subject, what } of named.filter(({ what }) => what !== "…")) {
    test(`names what doctor can say: ${subject}: ${what}`, () => {
      assert.ok(canSay(subject, what), "no text of src/doctor reads like it");
    });
  }

  test("has a symptom for each subject of doctor", () => {
    const missing = subjects.filter((subject) => !named.some((one) => one.subject === subject));
    assert.deepEqual(missing, []);
  });

  test("tells what the lease's times are", () => {
    assert.match(read("troubleshooting.md"), new RegExp(`renewed every ${spell(leaseTimes.betweenRenewals)}`));
    for (const time of [leaseTimes.term, leaseTimes.holding, leaseTimes.betweenRenewals]) {
      assert.match(read("ha.md"), new RegExp(`\\*\\*${spell(time)}\\*\\*`));
    }
  });
});

describe("what doctor can say", () => {
  test("is looked for in its texts, with names in the places of names", () => {
    assert.ok(canSay("template", "template 9000 on node pve1 has no cloud-init drive"));
    assert.ok(!canSay("template", "… has no floppy drive"));
    assert.ok(!canSay("lease", "… has no cloud-init drive"), "another subject's");
  });

  test("is not read from comments or patterns", () => {
    const holes = `of \${f("one", \`two \${x}\`)} three`;
    const source = `const a = /"not\`/; // "nor this"\n/** \`nor that\` */ const b = \`${holes}\`;`;
    assert.deepEqual(textsOf(source), ["one", "two …", "of … three"]);
  });
});
