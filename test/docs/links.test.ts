import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { describe, test } from "node:test";

const root = join(import.meta.dirname, "../..");
const documents = ["", "docs"].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((file) => file.endsWith(".md"))
    .map((file) => join(root, folder, file)),
);

describe("links between documents", () => {
  for (const document of documents) {
    test(`those of ${relative(root, document)} lead somewhere`, () => {
      assert.deepEqual(
        linksOf(readFileSync(document, "utf8")).filter((link) => !leads(document, link)),
        [],
      );
    });
  }

  test("a heading that is not there is noticed", () => {
    assert.ok(leads(join(root, "README.md"), "docs/permissions.md#optional-privileges"));
    assert.ok(!leads(join(root, "README.md"), "docs/permissions.md#no-such-heading"));
    assert.ok(!leads(join(root, "README.md"), "docs/no-such.md"));
  });
});

/** Those to other sites are left out: nobody asks them here. */
const linksOf = (text: string): readonly string[] =>
  [...text.matchAll(/\]\(([^)\s]+)\)/g)].flatMap(([, link = ""]) => (/^[a-z]+:/.test(link) ? [] : [link]));

function leads(from: string, link: string): boolean {
  const [path = "", heading] = link.split("#");
  const target = path === "" ? from : join(dirname(from), path);
  if (!existsSync(target)) return false;
  return heading === undefined || anchorsOf(readFileSync(target, "utf8")).has(heading);
}

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = ""]) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, "")
        .replaceAll(" ", "-"),
    ),
  );
