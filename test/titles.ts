import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Titled {
  /** Below the folder that was looked through. */
  readonly file: string;
  /** What a table of cases fills in is `…`. */
  readonly title: string;
  /** The title with those of the groups around it before it, as node knows the test. */
  readonly whole: string;
}

/** Every test of a folder, by reading the sources: to run them all only for their titles would take minutes. */
export const testsIn = (folder: string): readonly Titled[] =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.(?:test|faults|e2e|contract|sim|guests|images|install)\.ts$/.test(file))
    .sort()
    .flatMap((file) => testsOf(readFileSync(join(folder, file), "utf8")).map((found) => ({ file, ...found })));

/** Relies on the formatter: what is inside a group is indented further than the group. */
export function testsOf(source: string): readonly Omit<Titled, "file">[] {
  const groups: { readonly indent: number; readonly title: string }[] = [];
  const found: Omit<Titled, "file">[] = [];
  for (const { 0: call, 1: indent = "", 2: what, index } of source.matchAll(/^( *)(?:await )?(test|describe)\(\s*/gm)) {
    while ((groups.at(-1)?.indent ?? -1) >= indent.length) groups.pop();
    const given = textAt(source, index + call.length);
    if (what === "describe") {
      groups.push({ indent: indent.length, title: given ?? "…" });
      continue;
    }
    const before = groups.map((group) => `${group.title} `).join("");
    const titles = given === null ? casesOf(source) : [given];
    found.push(...titles.map((title) => ({ title, whole: before + title })));
  }
  return found;
}

/** Where a test's title is a name, the cases of the file's table carry theirs as `title`. */
const casesOf = (source: string): readonly string[] =>
  [...source.matchAll(/\btitle:\s*/g)].flatMap(({ 0: key, index }) => textAt(source, index + key.length) ?? []);

/** The text literal that begins here; null where none does. */
function textAt(source: string, from: number): string | null {
  const quote = source[from];
  if (quote !== '"' && quote !== "`") return null;
  let text = "";
  for (let at = from + 1; at < source.length; at++) {
    const sign = source[at];
    if (sign === quote) return text;
    if (sign === "\\") text += source[++at];
    else if (quote === "`" && source.startsWith("${", at)) {
      text += "…";
      at = endOfHole(source, at + 1);
    } else text += sign;
  }
  return null;
}

/** The closing brace of what a template fills in. */
function endOfHole(source: string, from: number): number {
  let depth = 0;
  for (let at = from; at < source.length; at++) {
    if (source[at] === "{") depth++;
    if (source[at] === "}" && --depth === 0) return at;
  }
  return source.length;
}
