import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Mutant } from "./mutants.ts";

const carried = ["src", "test", "templates", "package.json", "tsconfig.json", "tsconfig.test.json"];

/** A copy of the sources in which one mistake can be made at a time. */
export class Copy {
  readonly folder = mkdtempSync(join(tmpdir(), "dispatcher-mutants-"));

  constructor(root: string) {
    for (const name of carried) cpSync(join(root, name), join(this.folder, name), { recursive: true });
    for (const name of ["dispatcher.env.example", "dispatcher.yaml.example"]) {
      cpSync(join(root, name), join(this.folder, name));
    }
    symlinkSync(join(root, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Makes the mistake. Returns how to take it back. */
  make({ name, file, find, put }: Mutant): () => void {
    const path = join(this.folder, file);
    const text = readFileSync(path, "utf8");
    const places = text.split(find).length - 1;
    if (places !== 1) throw new Error(`mutant "${name}": its place stands ${places} times in ${file}, not once`);
    writeFileSync(
      path,
      text.replace(find, () => put),
    );
    return () => writeFileSync(path, text);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
