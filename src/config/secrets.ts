import { Secret } from "../domain/secret.ts";
import type { Environment } from "./environment.ts";
import { type Folder, readIn } from "./files.ts";
import { bad, good, type Read } from "./read.ts";

export type SecretName =
  | "PROXMOX_TOKEN_SECRET"
  | "GITHUB_TOKEN"
  | "DISPATCHER_KEY"
  | "DISPATCHER_KEY_PREVIOUS"
  | "SNIPPETS_SFTP_KEY";

/** From the variable, the file that NAME_FILE points at, or a systemd credential. Null: from none of them. */
export function readSecret(name: SecretName, env: Environment, cwd: Folder): Read<Secret | null> {
  const others = [...fromFile(name, env, cwd), ...fromCredential(name, env, cwd)];
  const variable = env.raw(name);
  // An empty line of an example file beside the true source is no second source.
  const counts = variable !== undefined && (variable.trim() !== "" || others.length === 0);
  const [source, second] = counts ? [{ from: "the variable", text: variable }, ...others] : others;
  if (source === undefined) return good(null);
  return second === undefined
    ? secretOf(name, source)
    : bad(`${name}: given twice, by ${source.from} and by ${second.from}; keep one of them`);
}

/** The same, where nothing works without it: an empty variable alone counts as missing, which the caller tells. */
export function readRequiredSecret(name: SecretName, env: Environment, cwd: Folder): Read<Secret | null> {
  const others = [...fromFile(name, env, cwd), ...fromCredential(name, env, cwd)];
  const blank = (env.raw(name) ?? "").trim() === "";
  return blank && others.length === 0 ? good(null) : readSecret(name, env, cwd);
}

interface Source {
  readonly from: string;
  /** Null: the file that was named does not exist. */
  readonly text: string | null;
}

function fromFile(name: SecretName, env: Environment, cwd: Folder): readonly Source[] {
  const path = env.given(`${name}_FILE`);
  return path === null ? [] : [{ from: `${name}_FILE (${path})`, text: readIn(cwd, path).text }];
}

function fromCredential(name: SecretName, env: Environment, cwd: Folder): readonly Source[] {
  const directory = env.given("CREDENTIALS_DIRECTORY");
  if (directory === null) return [];
  const own = name.toLowerCase();
  // What systemd loads from a folder bears a name in front; in our unit it is this one.
  return [own, `secret_${own}`].flatMap((credential) => {
    const { text } = readIn(cwd, `${directory}/${credential}`);
    return text === null ? [] : [{ from: `systemd credential ${credential}`, text }];
  });
}

function secretOf(name: SecretName, source: Source): Read<Secret> {
  const { from, text } = source;
  if (text === null) return bad(`${name}: no such file: ${from}; correct the path or create the file`);
  const value = text.replace(/\r?\n$/, "");
  if (value.trim() === "") return bad(`${name}: ${from} is empty; write the secret there, or remove it`);
  if (name === "SNIPPETS_SFTP_KEY") return good(new Secret(text));
  // A header with such a character is refused by a message that prints it.
  if (hasControl(value)) return bad(`${name}: ${from} holds a line break or a control character; write one line`);
  return value.trim() === value
    ? good(new Secret(value))
    : bad(`${name}: ${from} begins or ends with a space; remove it`);
}

const hasControl = (text: string): boolean => [...text].some((letter) => letter < " " || letter === "\u007f");
