import { appendFileSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { JournalFile } from "../engine/journal.ts";

/** The journal in the state folder; null without one. What is written survives the process, which is all that is needed. */
export function journalFileIn(folder: string | null): JournalFile | null {
  if (folder === null) return null;
  const path = join(folder, "journal.jsonl");
  return {
    read: () => (existsSync(path) ? readFileSync(path, "utf8") : null),
    append: (text) => appendFileSync(path, text, { mode }),
    replace(text) {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(`${path}.new`, text, { mode });
      renameSync(`${path}.new`, path);
    },
  };
}

/** It holds no secret, but names that are nobody else's business. */
const mode = 0o600;
