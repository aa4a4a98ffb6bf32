import ejs from "ejs";
import { messageOf } from "../domain/errors.ts";
import { credentialFile } from "./credential-file.ts";
import { shellQuoted, yamlBlock, yamlQuoted } from "./quoting.ts";
import { templateError, unknownName } from "./template-error.ts";
import { plainValues, type UserDataCredential, type UserDataTemplate, type UserDataValues } from "./template-values.ts";

/** Values go in as they are, for `<%=` as for `<%-`: what quoting a place needs, `yaml()` and `shell()` say. */
export function renderEjs(template: UserDataTemplate, values: UserDataValues): string {
  const names = { ...namesFor(values), image: (name: string) => imageFile(template, name) };
  try {
    return compile(template)(names);
  } catch (error) {
    throw explained(template, error, Object.keys(names));
  }
}

/** Each template is rendered once per guest, and compiled once. */
const compiled = new WeakMap<UserDataTemplate, ejs.TemplateFunction>();

function compile(template: UserDataTemplate): ejs.TemplateFunction {
  const known = compiled.get(template) ?? ejs.compile(template.text, { filename: template.path, escape: written });
  compiled.set(template, known);
  return known;
}

/** Whether a value is asked for by this name. */
export const asksForEjs = (text: string, name: string): boolean =>
  [...text.matchAll(/<%(?![%#])(.*?)%>/gs)].some(([, code = ""]) => new RegExp(`\\b${name}\\b`).test(code));

const namesFor = (values: UserDataValues): Readonly<Record<string, unknown>> => ({
  ...Object.fromEntries(plainValues(values)),
  ...values,
  credential: revealed(values.credential),
  credentialFile: () => credentialFile(values).reveal(),
  yaml: yamlQuoted,
  block: yamlBlock,
  shell: shellQuoted,
});

const revealed = (credential: UserDataCredential) =>
  credential.kind === "jit"
    ? { kind: credential.kind, config: credential.config.reveal() }
    : { kind: credential.kind, token: credential.token.reveal() };

function imageFile({ image }: UserDataTemplate, name: string): string {
  const text = image?.get(name);
  if (text === undefined) throw new TypeError(`there is no file ${name} in templates/image`);
  return text;
}

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
