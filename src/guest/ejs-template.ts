import ejs from "ejs";
import { messageOf } from "../domain/errors.ts";
import { shellQuoted, yamlQuoted } from "./quoting.ts";
import { templateError, unknownName } from "./template-error.ts";
import { plainValues, type UserDataCredential, type UserDataTemplate, type UserDataValues } from "./template-values.ts";

/** Values go in as they are, for `<%=` as for `<%-`: what quoting a place needs, `yaml()` and `shell()` say. */
export function renderEjs(template: UserDataTemplate, values: UserDataValues): string {
  const names = namesFor(values);
  try {
    return ejs.compile(template.text, { filename: template.path, escape: written })(names);
  } catch (error) {
    throw explained(template, error, Object.keys(names));
  }
}

/** Whether a value is asked for by this name. */
export const asksForEjs = (text: string, name: string): boolean =>
  [...text.matchAll(/<%(?![%#])(.*?)%>/gs)].some(([, code = ""]) => new RegExp(`\\b${name}\\b`).test(code));

const namesFor = (values: UserDataValues): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(plainValues(values)),
  ...values,
  credential: revealed(values.credential),
  yaml: yamlQuoted,
  shell: shellQuoted,
});

const revealed = (credential: UserDataCredential) =>
  credential.kind === "jit"
    ? { kind: credential.kind, config: credential.config.reveal() }
    : { kind: credential.kind, token: credential.token.reveal() };

function written(value: unknown): string {
  if (value === undefined || value === null) throw new TypeError("there is no value to write here");
  return String(value);
}

/** ejs puts the place and a piece of the template before what went wrong, and advice after it. */
function explained(template: UserDataTemplate, error: unknown, known: readonly string[]): Error {
  const message = messageOf(error);
  const line = /^[^\n]*:(\d+)\n/.exec(message)?.[1];
  const place = line === undefined ? "the template" : `line ${line}`;
  const [summary = message] = message.split(/ in [^\n]* while compiling ejs|\n/);
  const cause = line === undefined ? summary : message.slice(message.indexOf("\n\n") + 2);
  const missing = /^(\S+) is not defined$/.exec(cause)?.[1];
  if (missing !== undefined) return unknownName({ path: template.path, place, name: missing, known });
  return templateError(template.path, `${place} cannot be rendered: ${cause}`, "mend the template at that place");
}
