import { LineCounter, parseDocument, type YAMLError } from "yaml";
import { messageOf } from "../domain/errors.ts";
import { bad, good, type Read } from "./read.ts";

/** Plain data out of YAML, and so out of JSON. Each problem names line and column. */
export function parseYaml(text: string): Read<unknown> {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  // A tag that nobody resolves is only a warning to the parser; here it would silently be a string.
  const mistakes = [...document.errors, ...document.warnings].map((error) => spell(error, lines));
  if (mistakes.length > 0) return bad(...mistakes);
  try {
    return good(document.toJS());
  } catch (error) {
    return bad(`an alias (*name) cannot be resolved: ${messageOf(error)}`);
  }
}

function spell(error: YAMLError, lines: LineCounter): string {
  const { line, col } = lines.linePos(error.pos[0]);
  return `line ${line}, column ${col}: ${causes[error.code] ?? lowerFirst(error.message)}`;
}

const causes: Readonly<Record<string, string>> = {
  DUPLICATE_KEY: "this key stands here twice; keep one",
  MULTIPLE_DOCS: 'a second document begins; remove the "---"',
  TAB_AS_INDENT: "a tab cannot indent; use spaces",
  TAG_RESOLVE_FAILED: "tags (!name) are not supported; remove it, or quote the text",
};

const lowerFirst = (text: string): string => text.charAt(0).toLowerCase() + text.slice(1);
