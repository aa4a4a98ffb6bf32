import { type Document, isMap, LineCounter, parseDocument } from "yaml";
import { messageOf } from "../domain/errors.ts";
import { templateError } from "./template-error.ts";

/**
 * cloud-init says nothing to anybody when it cannot read its user-data, and the guest then never comes online.
 * So it is read here first.
 */
export function checkUserData(path: string, text: string): void {
  if (text.startsWith("#!")) return;
  if (!/^#cloud-config(?![\w-])/.test(text)) {
    throw templateError(
      path,
      "the rendered text begins neither with #cloud-config nor with #!",
      "make #cloud-config its first line, with nothing before it",
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const [error] = document.errors;
  if (error !== undefined) {
    throw templateError(
      path,
      `line ${lines.linePos(error.pos[0]).line} of the rendered text is not YAML: ${error.message}`,
      "mend that line; values from outside belong in quotes",
    );
  }
  const alias = aliasProblem(document);
  if (alias !== null)
    throw templateError(path, `the rendered text is not YAML: ${alias}`, "quote words that begin with *");
  if (!isMap(document.contents)) {
    throw templateError(
      path,
      "the rendered text is no mapping",
      "write keys with values, for example runcmd: with a list of commands",
    );
  }
}

/** An alias without its anchor is well-formed, and found only when it is followed. */
function aliasProblem(document: Document): string | null {
  try {
    document.toJS();
    return null;
  } catch (error) {
    return messageOf(error);
  }
}
