import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const folder = join(import.meta.dirname, "../../src/doctor");

/** The texts of each of doctor's files; what a template fills in is `…`. */
const files: readonly (readonly string[])[] = readdirSync(folder)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => textsOf(readFileSync(join(folder, file), "utf8")));

/** Whether doctor can say this: one of its files has the subject, and a text that reads like it. */
export function canSay(subject: string, what: string): boolean {
  // What follows a colon may be another's words.
  const short = what.replace(/: …$/, "");
  return files.some((texts) => texts.includes(subject) && texts.some((text) => isMeantBy(text, what, short)));
}

/** A text of names alone would be like everything. */
function isMeantBy(text: string, ...whats: readonly string[]): boolean {
  const words = text.split("…");
  if (words.join("").replace(/[^a-z]/gi, "").length < 5) return false;
  const shape = words.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*?");
  const pattern = new RegExp(`^${shape}$`);
  return whats.some((what) => pattern.test(what));
}

/** Every text literal of a source, those inside of templates too. Comments are none. */
export function textsOf(source: string): readonly string[] {
  const texts: string[] = [];
  let at = 0;
  code("");
  return texts;

  /** Until the brace that closes a template's hole, or the end. */
  function code(close: string): void {
    for (let depth = 0; at < source.length; at++) {
      const sign = source[at] ?? "";
      if (sign === close && depth === 0) return;
      if (sign === "{") depth++;
      if (sign === "}") depth--;
      if (source.startsWith("//", at)) at = endOf("\n");
      else if (source.startsWith("/*", at)) at = endOf("*/") + 1;
      else if (sign === '"' || sign === "`") texts.push(literal(sign));
      else if (sign === "/" && /[(,=]\s*$/.test(source.slice(Math.max(0, at - 3), at))) regex();
    }
  }

  function literal(quote: string): string {
    let text = "";
    for (at++; at < source.length && source[at] !== quote; at++) {
      if (source[at] === "\\") text += source[++at];
      else if (quote === "`" && source.startsWith("${", at)) {
        at += 2;
        code("}");
        text += "…";
      } else text += source[at];
    }
    return text;
  }

  /** May hold quotes. */
  function regex(): void {
    for (at++; at < source.length && source[at] !== "/"; at++) if (source[at] === "\\") at++;
  }

  function endOf(mark: string): number {
    const end = source.indexOf(mark, at + 2);
    return end < 0 ? source.length : end;
  }
}
