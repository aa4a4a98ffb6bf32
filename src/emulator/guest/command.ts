import { type Command, defineCommand, latin1FromBytes, type ResolvedCommandContext } from "just-bash";
import { currentProcess, currentUser, never } from "./process.ts";
import type { Outcome, ProcessOptions, System } from "./system.ts";

export const done = (stdout = ""): Outcome => ({ stdout, stderr: "", exitCode: 0 });
export const failed = (stderr: string, exitCode = 1): Outcome => ({ stdout: "", stderr: `${stderr}\n`, exitCode });

export type Run = (args: readonly string[], context: ResolvedCommandContext) => Promise<Outcome> | Outcome;

/** A program of the guest's. Nothing comes back from it once the machine is off. */
export function commandOf(system: System, name: string, run: Run): Command {
  return defineCommand(name, async (args, context) => {
    const { off } = system.machine;
    if (off.aborted) return never();
    const outcome = await run(args, context);
    return off.aborted ? never() : { ...outcome };
  });
}

/** How a program starts another one: as the same user, in the same place, with the same exported variables. */
export function inherited(context: ResolvedCommandContext): ProcessOptions {
  return {
    user: currentUser(),
    // The interpreter counts positional parameters among the exported.
    env: Object.fromEntries(Object.entries(context.exportedEnv ?? {}).filter(([name]) => /^[A-Za-z_]\w*$/.test(name))),
    cwd: context.cwd,
    stdin: latin1FromBytes(context.stdin),
    stop: currentProcess()?.stop ?? null,
  };
}

export interface Parsed {
  /** Options and their values; those without one have an empty text. */
  readonly options: ReadonlyMap<string, string>;
  readonly rest: readonly string[];
}

/** Reads `-x`, `--long`, `--long=value`; those in `valued` take the next word. `first`: stop at the first other word. */
export function parseArguments(
  args: readonly string[],
  how: { valued: readonly string[]; stopAtFirst?: boolean },
): Parsed {
  const options = new Map<string, string>();
  const rest: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const word = args[at] ?? "";
    if (word === "--") return { options, rest: [...rest, ...args.slice(at + 1)] };
    if (!word.startsWith("-") || word === "-") {
      if (how.stopAtFirst) return { options, rest: args.slice(at) };
      rest.push(word);
      continue;
    }
    const equals = word.startsWith("--") ? word.indexOf("=") : -1;
    if (equals > 0) options.set(word.slice(0, equals), word.slice(equals + 1));
    else if (how.valued.includes(word)) {
      options.set(word, args[at + 1] ?? "");
      at += 1;
    } else options.set(word, "");
  }
  return { options, rest };
}

/** The value of the first of these options that was given. */
export function optionOf(parsed: Parsed, ...names: readonly string[]): string | null {
  for (const name of names) {
    const value = parsed.options.get(name);
    if (value !== undefined) return value;
  }
  return null;
}
