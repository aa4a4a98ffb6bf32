import { nearest } from "../domain/nearest.ts";
import { unknownName } from "./template-error.ts";
import { plainValues, type UserDataTemplate, type UserDataValues } from "./template-values.ts";

/**
 * An old template: `${name}` and `$name` are values, `$$` is a dollar sign; these are the rules of Python's
 * `string.Template`, which the old dispatcher used, and `$${` gives `${` as Packer has it too. A dollar sign that begins
 * neither, `$(date)` or `$HOME` say, is left to the guest's own shell, as Packer leaves it.
 */
export function renderDollars(template: UserDataTemplate, values: UserDataValues): string {
  const known = plainValues(values);
  return template.text.replaceAll(dollar, (found: string, ...rest: unknown[]) => {
    const [sign, bare, braced, offset] = rest as [string?, string?, string?, number?];
    if (sign !== undefined) return "$";
    const name = bare ?? braced ?? "";
    const value = known.get(name);
    if (value !== undefined) return value;
    // Without braces only a name that looks like one of ours is a mistake.
    if (bare !== undefined && nearest(bare, [...known.keys(), ...credentialNames]) === null) return found;
    const place = `line ${lineAt(template.text, offset ?? 0)}`;
    throw unknownName({ path: template.path, place, name, known: known.keys(), aside });
  });
}

/** Whether a value is asked for by this name. */
export const asksForDollar = (text: string, name: string): boolean =>
  [...text.matchAll(dollar)].some(([, , bare, braced]) => (bare ?? braced) === name);

/** A second dollar sign, a bare name, or a name in braces. */
const dollar = /\$(?:(\$)|([_a-z][_a-z0-9]*)|\{([_a-z][_a-z0-9]*)\})/gi;

const credentialNames = ["registration_token", "jit_config"] as const;

const aside = "; or write $$ for a dollar sign that the guest's own shell shall see";

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;
