import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "node:test";
import { needs, type Place } from "../../src/doctor/needs.ts";
import { type RoleNeed, roleNeeds, type Target } from "../../src/proxmox/setup/roles.ts";
import { tables, withTables } from "./permission-tables.ts";

const read = (name: string): string => readFileSync(join(import.meta.dirname, "../..", name), "utf8");
const document = read("docs/permissions.md");

/** The column "on" of the table that explains each privilege. */
const targets: Readonly<Record<string, Target>> = {
  template: "template",
  "resource pool": "pool",
  "disks' storage": "disks",
  "seed storage": "seeds",
  node: "node",
  bridge: "bridge",
};

const targetOf = {
  template: "template",
  guests: "pool",
  "resource pool": "pool",
  disks: "disks",
  seeds: "seeds",
  node: "node",
  bridge: "bridge",
} satisfies Record<Place, Target>;

const sorted = (items: Iterable<string>): readonly string[] => [...new Set(items)].sort();

/** `privilege on target`, for every one that a role grants. */
const granted = sorted(
  roleNeeds.flatMap(({ target, privileges }) => privileges.map(({ name }) => `${name} on ${target}`)),
);

/** Only the self-test uses it, and does without. */
const optional = ["VM.Snapshot on pool"];

describe("docs/permissions.md", () => {
  test("has the commands and the roles of the code, to the letter", () => {
    assert.equal(document, withTables(document), "npx tsx test/docs/write.ts writes them");
  });

  test("has the commands of the README, comments aside", () => {
    const commandsOf = (text: string): readonly string[] =>
      [...text.matchAll(/^ {4}(?:pveum|pvesm) .*$/gm)].map(([line]) => line.replace(/ --comment '[^']*'/, ""));
    const [own, introduced] = [commandsOf(tables.commands()), commandsOf(read("README.md"))];
    assert.deepEqual(introduced, own);
  });

  test("explains each privilege of a role, and no other", () => {
    const explained = explainedIn(document);
    assert.deepEqual(
      explained,
      granted.filter((one) => !optional.includes(one)),
    );
  });

  test("explains each privilege that doctor looks for", () => {
    const explained = explainedIn(document);
    for (const need of needs) {
      const wanted = `${need.anyOf[0]} on ${targetOf[need.place]}`;
      assert.ok(explained.includes(wanted), `docs/permissions.md lacks ${wanted}`);
    }
  });

  test("names no privilege that neither a role grants nor doctor accepts", () => {
    const known = new Set([
      ...roleNeeds.flatMap(({ privileges }) => privileges.map(({ name }) => name)),
      ...needs.flatMap(({ anyOf }) => anyOf),
    ]);
    const named = document.match(/\b(?:VM|Datastore|Sys|SDN|Pool)\.[A-Z]\w*(?:\.[A-Z]\w*)?/g) ?? [];
    assert.ok(named.length > 50, "they are found");
    assert.deepEqual(sorted(named.filter((name) => !known.has(name))), []);
  });
});

describe("the roles of set-up and the needs of doctor", () => {
  test("are of the same privileges", () => {
    const looked = sorted(needs.map(({ anyOf, place }) => `${anyOf[0]} on ${targetOf[place]}`));
    assert.deepEqual(
      looked,
      granted.filter((one) => !optional.includes(one)),
    );
  });

  test("agree on what an ordinary guest requires", () => {
    const always = roleNeeds.flatMap(({ target, privileges }: RoleNeed) =>
      privileges.filter(({ extra }) => extra === undefined).map(({ name, need }) => `${name} on ${target}: ${need}`),
    );
    const looked = new Set(needs.map(({ anyOf, place, level }) => `${anyOf[0]} on ${targetOf[place]}: ${level}`));
    assert.deepEqual(
      always.filter((one) => !looked.has(one)),
      [],
    );
  });
});

/** Rows of the table below "What each privilege is for"; several privileges share a row. */
function explainedIn(text: string): readonly string[] {
  const [, table = ""] = text.split("### What each privilege is for\n");
  const rows = (table.split("\n### ")[0] ?? "").split("\n").filter((line) => /^\| [A-Z]/.test(line));
  return sorted(
    rows.flatMap((row) => {
      const [, names = "", on = ""] = row.split("|").map((cell) => cell.trim());
      const target = targets[on];
      assert.ok(target !== undefined, `docs/permissions.md: what is ${JSON.stringify(on)}?`);
      return (names.match(/[A-Z]\w+\.[\w.]+/g) ?? []).map((name) => `${name} on ${target}`);
    }),
  );
}
