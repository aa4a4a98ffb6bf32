import { command } from "./command.ts";

/** What is wrong with a text as XML; nothing, where it is well-formed. */
export const flawsOfXml = (text: string): string =>
  command("python3", ["-c", "import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())"], {
    input: text,
  })
    .text.trim()
    .split("\n")
    .at(-1) ?? "";
