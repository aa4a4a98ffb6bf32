import { type CommandNode, parse, type ScriptNode, type StatementNode, serialize } from "just-bash";
import type { GuestFiles } from "./files.ts";
import type { Trap } from "./process.ts";

/** What runs after a script that set an EXIT handler: its functions once more, its exit code, the handler. */
export async function epilogue(
  trap: Trap,
  text: string,
  done: { readonly exitCode: number; readonly env: Readonly<Record<string, string>> },
  files: GuestFiles,
): Promise<{ readonly text: string; readonly env: Record<string, string> }> {
  const script = trap.env.get("0") ?? "";
  const source = script.startsWith("/") && (await files.exists(script)) ? await files.readFile(script) : text;
  const variables = Object.entries({ ...Object.fromEntries(trap.env), ...done.env }).filter(
    ([name]) => /^[A-Za-z_]\w*$/.test(name) && !readOnly.includes(name),
  );
  return {
    text: `${functionsIn(source)}\nexit_code_of() { return "$1"; }\nexit_code_of ${done.exitCode}\n${trap.handler}`,
    env: Object.fromEntries(variables),
  };
}

const readOnly = ["SHELLOPTS", "BASHOPTS", "UID", "EUID", "PPID"];

/** The functions that a script defines, wherever in it. */
function functionsIn(text: string): string {
  let script: ScriptNode;
  try {
    script = parse(text);
  } catch {
    return "";
  }
  const isFunction = (command: CommandNode): boolean => command.type === "FunctionDef";
  const statements = script.statements.filter((statement: StatementNode) =>
    statement.pipelines.some((pipeline) => pipeline.commands.some(isFunction)),
  );
  return serialize({ ...script, statements });
}
