import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { test } from "node:test";

/** Who may import whom (ARCHITECTURE.md, Rooms). A file at the top of src/ is a room of its own. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  "main.ts": ["cli"],
  cli: [
    "images",
    "update",
    "bootstrap",
    "app",
    "doctor",
    "server",
    "proxmox",
    "github",
    "guest",
    "runners",
    "engine",
    "config",
    "domain",
  ],
  app: ["doctor", "server", "proxmox", "github", "guest", "runners", "engine", "config", "domain"],
  server: ["engine", "domain"],
  update: ["domain"],
  bootstrap: ["proxmox", "config", "domain"],
  doctor: ["proxmox", "github", "engine", "config", "domain"],
  config: ["domain"],
  images: ["proxmox", "guest", "config", "domain"],
  runners: ["engine", "domain"],
  engine: ["domain"],
  proxmox: ["engine", "domain"],
  github: ["engine", "domain"],
  guest: ["engine", "domain"],
  emulator: ["domain"],
  domain: [],
};

const src = resolve("src");
const roomOf = (path: string): string => relative(src, path).split("/")[0] ?? "";
const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((file) => file.endsWith(".ts"));

for (const file of files) {
  test(`src/${file} imports only what its room may`, () => {
    const path = join(src, file);
    const from = roomOf(path);
    const text = readFileSync(path, "utf8");
    assert.ok(from in allowed, `${from} is no room`);
    for (const [statement, target = ""] of text.matchAll(/\b(?:from|import)\s*\(?\s*"([^"\s]+)"/g)) {
      if (from === "domain") assert.ok(target.startsWith("."), `domain imports ${target}`);
      if (!target.startsWith(".")) continue;
      const to = roomOf(resolve(dirname(path), target));
      if (to === from || allowed[from]?.includes(to)) continue;
      // The daemon carries no emulator: the commands that need it load it when they run.
      const later = statement.startsWith("import(") || isTypeImport(text, target);
      assert.ok(from === "cli" && to === "emulator" && later, `${from} may not import ${to} (${target})`);
    }
  });
}

test("a file stays under 250 lines, beyond which a noun is missing", () => {
  const long = files.filter((file) => readFileSync(join(src, file), "utf8").split("\n").length > 251);
  assert.deepEqual(long, []);
});

const isTypeImport = (text: string, target: string): boolean =>
  text.split("\n").some((line) => line.startsWith("import type") && line.includes(`"${target}"`));
