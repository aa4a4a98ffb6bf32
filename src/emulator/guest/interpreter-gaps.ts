import { parse, type ScriptNode, type TransformPlugin } from "just-bash";

/** The command that starts a program by its path, or whatever an expansion names, as a process of its own. */
export const starter = "start-program";

/**
 * Where the interpreter differs from bash, a script is rewritten before it runs: the words of a command that comes out
 * of an expansion (`"$@"`, `$command`) would stay one word, a script started by its path would share the caller's
 * EXIT handler, and `exec` would come back.
 */
export const interpreterGaps: TransformPlugin = {
  name: "interpreter-gaps",
  transform: ({ ast }) => ({ ast: rewrite(ast) as ScriptNode }),
};

type Node = Readonly<Record<string, unknown>>;

function rewrite(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(rewrite);
  if (!isNode(value)) return value;
  const node = Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, rewrite(inner)]));
  return node.type === "SimpleCommand" ? repaired(node) : node;
}

function repaired(command: Node): Node {
  const { name, args } = command;
  if (!isNode(name) || !Array.isArray(args)) return command;
  const text = literalOf(name);
  if (text === "exec" && args.length > 0) return replaced(command, args);
  if (text === null ? splits(name) || hasPath(name) : text.includes("/")) {
    return { ...command, name: literal(starter), args: [name, ...args] };
  }
  return command;
}

/** `exec program` ends the shell with the program's code. */
function replaced(command: Node, args: readonly unknown[]): Node {
  const [first, ...rest] = args;
  const { redirections } = command;
  const inner = { ...command, name: literal(starter), args: [first, ...rest], redirections: [] };
  const [statement] = parse("{ :; exit; }").statements;
  const [group] = statement?.pipelines[0]?.commands ?? [];
  if (group?.type !== "Group") return command;
  const [start, end] = group.body;
  const [pipeline] = start?.pipelines ?? [];
  return { ...group, body: [{ ...start, pipelines: [{ ...pipeline, commands: [inner] }] }, end], redirections };
}

const literal = (value: string): Node => ({ type: "Word", parts: [{ type: "Literal", value }] });

const isNode = (value: unknown): value is Node => typeof value === "object" && value !== null;

const partsOf = (node: Node): readonly Node[] => (Array.isArray(node.parts) ? node.parts.filter(isNode) : []);

/** The text of a word without expansions, else null. */
function literalOf(word: Node): string | null {
  let text = "";
  for (const part of partsOf(word)) {
    const inner = part.type === "DoubleQuoted" ? literalOf(part) : part.value;
    if (typeof inner !== "string") return null;
    text += inner;
  }
  return text;
}

/** Whether a word may become several: unquoted, or all of a list. */
const splits = (word: Node): boolean =>
  partsOf(word).some((part) =>
    part.type === "DoubleQuoted"
      ? partsOf(part).some((inner) => /(^|\[)@\]?$/.test(String(inner.parameter ?? "")))
      : part.type === "ParameterExpansion" || part.type === "CommandSubstitution",
  );

const hasPath = (word: Node): boolean =>
  partsOf(word).some((part) => String(part.value ?? "").includes("/") || hasPath(part));
