/** Where a document says that its lines are to be typed, or that they belong into a file. */
export type Place = "node" | "checkout" | "container" | "settings";

export interface Block {
  readonly place: Place;
  readonly lines: readonly string[];
}

/** The indented blocks of a section, each with the place that the words before it name; the last one named holds on. */
export function blocksOf(markdown: string, heading: string): readonly Block[] {
  const section = markdown.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`no section ${heading}`);
  const blocks: Block[] = [];
  let words = "";
  let place: Place | null = null;
  for (const paragraph of section.split(/\n{2,}/)) {
    const lines = paragraph.split("\n").filter((line) => line !== "");
    if (lines.length === 0 || !lines.every((line) => line.startsWith("    "))) {
      words += ` ${paragraph}`;
      continue;
    }
    place = placeNamed(words) ?? place;
    if (place === null) throw new Error(`nobody says where to type ${lines[0]}`);
    const plain = lines.map((line) => line.slice(4));
    blocks.push({ place: plain.every((line) => /^[A-Z_]+=/.test(line)) ? "settings" : place, lines: plain });
    words = "";
  }
  return blocks;
}

/** The one that comes last. */
function placeNamed(words: string): Place | null {
  const found = [...words.matchAll(/\bon a node\b|\bfrom a checkout\b|\binto the container\b|\bin the container\b/g)];
  switch (found.at(-1)?.[0]) {
    case undefined:
      return null;
    case "on a node":
      return "node";
    case "from a checkout":
      return "checkout";
    default:
      return "container";
  }
}

/** A file of settings with some of them set, as an editor would: where each stands, or at the end. `…` is left to fill in. */
export function withSettings(text: string, wanted: readonly string[], own: Readonly<Record<string, string>>): string {
  let filled = text;
  const left = new Map(Object.entries(own));
  for (const line of wanted) {
    const name = line.slice(0, line.indexOf("="));
    const value = line.includes("…") ? left.get(name) : line.slice(name.length + 1);
    if (value === undefined) throw new Error(`${name}: nothing is known that could stand for …`);
    left.delete(name);
    const set = `${name}=${value}`;
    const stands = new RegExp(`^(?:# )?${name}=.*$`, "m");
    filled = stands.test(filled) ? filled.replace(stands, () => set) : `${filled}${set}\n`;
  }
  return [filled.trimEnd(), ...[...left].map(([name, value]) => `${name}=${value}`), ""].join("\n");
}
